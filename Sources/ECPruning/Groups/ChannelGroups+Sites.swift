public import ECGraph
import ECTensor

extension ChannelGroups {
  /// Every place where channels are mixed: the activations that feed consumer axes, in topological
  /// order. Statistics are taken, and masks act, there.
  public func readingSites(of graph: Graph) -> [ReadingSite] {
    var consumers: [NodeID: [Int]] = [:]
    for (k, axis) in axes.enumerated() where axis.role == .consumer {
      consumers[axis.node, default: []].append(k)
    }
    var sites: [ReadingSite] = []
    for node in graph.nodes {
      guard let fed = consumers[node.id] else { continue }
      for (operand, value) in node.inputs.enumerated() {
        guard let value, let array = labels[value], array.varyingAxes.count <= 1 else { continue }
        let units = array.ids.map { unitOfID[Int($0)] }
        let present = Set(units.compactMap { $0 })
        let own = fed.filter { axes[$0].units.contains { $0.map(present.contains) ?? false } }
        guard !own.isEmpty else { continue }
        // One channel stands along the axis that the consumer contracts, of extent 1.
        let axis = array.varyingAxes.first ?? graph[value].type.shape.lastIndex(of: 1) ?? 0
        sites.append(
          ReadingSite(
            node: node.id, operand: operand, value: value, axis: axis, units: units,
            consumers: own))
      }
    }
    return sites
  }
}
