/// What consumers see of the channels of each group: means and covariances over samples.
public struct ActivationStatistics: Sendable {
  /// What one consumer sees.
  public struct Consumer: Sendable {
    /// The consumer's weight axis, an index of `ChannelGroups.axes`.
    public let axis: Int
    /// The mean of each unit at the consumer's input, `[n]`; 0 for units it doesn't read.
    public let mean: [Double]
    /// The covariance of the units, `[n, n]` symmetric; 0 for units it doesn't read.
    public let covariance: [Double]

    /// Joins the numbers.
    /// - Precondition: `covariance` has the square of the number of elements of `mean`.
    public init(axis: Int, mean: [Double], covariance: [Double]) {
      precondition(covariance.count == mean.count * mean.count)
      self.axis = axis
      self.mean = mean
      self.covariance = covariance
    }
  }

  /// The consumers that were measured, by group id.
  public var groups: [[Consumer]]

  /// Holds statistics, one list per group.
  public init(groups: [[Consumer]]) {
    self.groups = groups
  }
}
