public import ECGraph

/// An operand of a node.
public struct Reading: Sendable, Hashable {
  /// The node that reads.
  public let node: NodeID
  /// The position among the node's operands.
  public let operand: Int

  /// Names an operand.
  public init(node: NodeID, operand: Int) {
    (self.node, self.operand) = (node, operand)
  }
}
