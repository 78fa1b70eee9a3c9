/// Channels chosen one after the other, each in view of those chosen before.
public struct ChannelSelection: Sendable, Equatable {
  /// The chosen channels in the order of their choice.
  public let order: [Int]
  /// For each choice, the share of the whole similarity's trace explained by it and those before.
  public let explained: [Double]

  /// The chosen channels, ascending.
  public var kept: [Int] { order.sorted() }
}
