/// Names a value of one graph; ids are never reused.
public struct ValueID: Hashable, Comparable, Sendable {
  /// The position in the graph's table of values.
  public let index: Int

  package init(_ index: Int) { self.index = index }

  public static func < (a: ValueID, b: ValueID) -> Bool { a.index < b.index }
}

/// Names a node of one graph; ids are never reused.
public struct NodeID: Hashable, Comparable, Sendable {
  /// The position in the graph's table of nodes.
  public let index: Int

  package init(_ index: Int) { self.index = index }

  public static func < (a: NodeID, b: NodeID) -> Bool { a.index < b.index }
}
