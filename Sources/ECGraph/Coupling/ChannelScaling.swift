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
