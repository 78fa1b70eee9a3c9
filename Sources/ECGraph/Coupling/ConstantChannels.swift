/// What becomes of a channel that is one number everywhere.
public enum ConstantChannelRule: Sendable, Equatable {
  /// It stays one number, which the operator computes position by position.
  case computes
  /// It stays that number.
  case passes
  /// Elements are moved; every element keeps its number.
  case moves
  /// Channels are mixed; exactly one number a tap is read everywhere, unless zeros around the
  /// picture are read too.
  case mixes(readsPadding: Bool)
}

/// An operator that says what it does to constant channels; others are taken to lose them.
public protocol ConstantChannelOperator: Operator {
  /// The rule, given the operands.
  func constantChannels(_ operands: Operands) -> ConstantChannelRule?
}
