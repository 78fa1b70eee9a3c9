/// What an operator multiplies each channel by.
public struct ChannelScale: Sendable {
  /// The learned scale (γ of batch normalization), one per channel.
  public let learned: [Float]
  /// What a channel is multiplied by in all (γ / √(variance + ε)).
  public let total: [Float]

  /// Joins the two.
  /// - Precondition: both have one element per channel.
  public init(learned: [Float], total: [Float]) {
    precondition(learned.count == total.count)
    self.learned = learned
    self.total = total
  }
}

/// An operator that multiplies each channel of its first operand by a constant, and may shift it.
public protocol ChannelScaling: Operator {
  /// The scale of each channel; `nil` where it is computed.
  func channelScale(_ operands: Operands) -> ChannelScale?
}

/// An operator that takes stored statistics of the channels of its first operand off it.
public protocol ChannelStatisticsOperator: Operator {
  /// The axis of the first operand along which the channels stand.
  var statisticsAxis: Int { get }
  /// The operands that store the mean and the variance of every channel.
  var statisticsOperands: (mean: Int, variance: Int) { get }
}
