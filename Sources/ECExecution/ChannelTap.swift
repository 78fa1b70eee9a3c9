public import ECGraph

/// A place in a graph where the statistics of channels are taken.
public struct ChannelTap: Sendable {
  /// The activation.
  public let value: ValueID
  /// Its axis along which the channels stand.
  public let axis: Int
  /// For every channel its positions along the axis: one, or one per pixel behind a flatten. All
  /// channels have equally many; each is a sample of its own.
  public let positions: [[Int]]

  /// Describes a tap.
  public init(value: ValueID, axis: Int, positions: [[Int]]) {
    self.value = value
    self.axis = axis
    self.positions = positions
  }
}

/// Mean and covariance of the channels at a tap.
public struct ChannelMoments: Sendable {
  /// The number of samples: images times positions.
  public internal(set) var sampleCount = 0
  /// The mean of every channel, `[n]`.
  public internal(set) var mean: [Double]
  /// The covariance, `[n, n]`, both triangles.
  public internal(set) var covariance: [Double]
}
