public import ECGraph

/// An architecture that comes from elsewhere than the weights.
public struct KerasArchitecture: Sendable {
  /// What the user calls it, such as `model.json` or `ResNet50`.
  public let name: String
  let config: FormatValue

  /// An architecture as `model.to_json()` gives it, from any generation of Keras.
  public init(name: String, config: FormatValue) {
    self.name = name
    self.config = config
  }
}
