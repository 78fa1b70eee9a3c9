import ECGraph

/// What removals change on their way through a graph, in execution order.
struct ChangedValues {
  /// The activations that are other than in the whole graph.
  private(set) var values: Set<ValueID> = []
  /// Where the graph makes each value.
  private(set) var places: [ValueID: Int] = [:]

  /// Follows what is removed by the parameters that lose something.
  init(_ graph: Graph, _ channels: ChannelGroups, keeps: (ChannelUnit) -> Bool) {
    var cut: Set<NodeID> = []
    for axis in channels.axes where axis.units.contains(where: { $0.map { !keeps($0) } ?? false }) {
      cut.insert(axis.node)
    }
    for (place, node) in graph.nodes.enumerated() {
      let changes =
        cut.contains(node.id) || node.inputs.contains { $0.map(values.contains) ?? false }
      for output in node.outputs {
        places[output] = place
        if changes { values.insert(output) }
      }
    }
  }
}
