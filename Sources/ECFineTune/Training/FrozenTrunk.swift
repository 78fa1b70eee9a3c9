public import ECGraph

/// A network cut before its trained layers, so that what stands before runs once and not every epoch.
///
/// ```
/// x -> conv1 -> relu -> [conv2 -> relu -> dense]     trained: conv2, dense
///                    ^ the cut: one value that all of the rest depends on
/// ```
/// The rest keeps the ids of its initializers.
public struct FrozenTrunk: Sendable {
  /// The value at the cut.
  public let value: ValueID
  /// The extents of the value for one sample.
  public let shape: [Int]
  /// The network behind the cut, with the value as its input.
  public let rest: Graph
  private let whole: Graph

  /// Cuts a network of one input; `nil` where nothing stands before the trained layers, or where the
  /// value at the cut isn't one row for every sample.
  public init?(_ graph: Graph, _ layers: TrainedLayers) {
    var later = Self.nodes(behind: graph.trainedWeights(layers).map(\.node), graph)
    var border = Self.border(of: later, graph)
    // Branches around the cut move behind it, the latest first, until one value is left.
    while border.count > 1 {
      let makers = Set(border.compactMap { graph[$0].producer })
      guard let last = graph.order.last(where: { makers.contains($0) }) else { return nil }
      later.insert(last)
      border = Self.border(of: later, graph)
    }
    guard let value = border.first, graph[value].producer != nil, graph.inputs.count == 1,
      graph[graph.inputs[0]].type.shape.first == graph[value].type.shape.first
    else { return nil }
    let extents = graph[value].type.shape.dropFirst().map(\.value)
    shape = extents.compactMap { $0 }
    guard shape.count == extents.count,
      graph.outputs.allSatisfy({ graph[$0].producer.map(later.contains) ?? false })
    else { return nil }

    var rest = graph
    let input = rest.addInput("\(graph[value].name)/cut", graph[value].type)
    for id in graph.order where later.contains(id) {
      for (position, operand) in graph[id].inputs.enumerated() where operand == value {
        rest.setInput(id, position, input)
      }
    }
    rest.remove(Set(graph.order.filter { !later.contains($0) }))
    rest.removeValue(graph.inputs[0])
    (self.value, self.rest, whole) = (value, rest, graph)
  }

  /// The whole network with the trained weights of the rest.
  public func joined(_ trained: Graph, _ layers: TrainedLayers) -> Graph {
    var result = whole
    for weight in whole.trainedWeights(layers) {
      if let tensor = trained.constant(weight.value) { result.setConstant(weight.value, tensor) }
    }
    return result
  }

  /// The nodes and all that depend on them.
  private static func nodes(behind first: [NodeID], _ graph: Graph) -> Set<NodeID> {
    var found = Set(first)
    var values: Set<ValueID> = []
    for node in graph.nodes {
      let depends = node.inputs.contains { $0.map(values.contains) ?? false }
      guard depends || found.contains(node.id) else { continue }
      found.insert(node.id)
      values.formUnion(node.outputs)
    }
    return found
  }

  /// What the nodes read and don't make themselves, initializers aside.
  private static func border(of nodes: Set<NodeID>, _ graph: Graph) -> Set<ValueID> {
    var found: Set<ValueID> = []
    for id in graph.order where nodes.contains(id) {
      for case let operand? in graph[id].inputs where graph.constant(operand) == nil {
        guard let maker = graph[operand].producer else {
          found.insert(operand)
          continue
        }
        if !nodes.contains(maker) { found.insert(operand) }
      }
    }
    return found
  }
}
