public import ECCentrality

/// What became of a layer that reads channels of which some were removed.
public struct MendedLayer: Sendable {
  /// The name of the layer.
  public let layer: String
  /// How far it is from what it gave before; `nil` where its results don't vary.
  public let error: ReconstructionError?
}
