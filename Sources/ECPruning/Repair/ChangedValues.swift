import ECGraph

/// What a plan changes of the activations of a graph, besides the channels that leave them.
struct ChangedValues {
  /// The activations whose channels, those that stay, are other than in the whole graph.
  private(set) var values: Set<ValueID> = []
  /// Where the graph makes each value.
  private(set) var places: [ValueID: Int] = [:]

  /// Follows what is removed from the nodes that read it.
  init(_ graph: Graph, _ channels: ChannelGroups, keeps: (ChannelUnit) -> Bool) {
    var lacking: Set<NodeID> = []
    for axis in channels.axes
    where axis.role == .consumer && axis.units.contains(where: { $0.map { !keeps($0) } ?? false }) {
      lacking.insert(axis.node)
    }
    for (place, node) in graph.nodes.enumerated() {
      let changes =
        lacking.contains(node.id) || node.inputs.contains { $0.map(values.contains) ?? false }
      for output in node.outputs {
        places[output] = place
        if changes { values.insert(output) }
      }
    }
  }
}

extension ChannelGroups {
  /// The positions that stay on the axes that make the outputs of weights, where some leave.
  func keptOutputs(keeps: (ChannelUnit) -> Bool) -> [ValueID: [Int]] {
    var kept: [ValueID: [Int]] = [:]
    for axis in axes where axis.role == .producer {
      kept[axis.value] = axis.units.indices.filter { axis.units[$0].map(keeps) ?? true }
    }
    return kept
  }
}
