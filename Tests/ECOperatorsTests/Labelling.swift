import ECGraph
import ECTensor

/// Channel labels as they flow through a drawing, node by node.
struct Labelling {
  /// A parameter's axis that lines up with channels.
  struct Tie: Equatable {
    var node: String
    var operand: Int
    var axis: Int
    var role: Coupling.Role
    var units: [Int32]
  }

  private(set) var reasons: [String] = []
  private var labels: [ValueID: LabelArray] = [:]
  private var units = UnionFind()
  private var frozen: [Int32] = []
  private var ties: [(node: String, tie: Coupling.Tie)] = []
  private let graph: Graph

  init(_ drawing: Drawing) {
    graph = drawing.graph
    for node in graph.nodes {
      var coupling = Coupling(
        operands: graph.operands(of: node), results: node.outputs.map { graph[$0].type },
        labels: node.inputs.map { id in
          guard let id, graph.constant(id) == nil else { return nil }
          return labels[id] ?? .none(rank: graph[id].type.rank)
        }, units: units)
      node.op.couple(&coupling)
      units = coupling.units
      for (output, result) in zip(node.outputs, coupling.resultLabels) { labels[output] = result }
      for freeze in coupling.freezes {
        frozen += freeze.ids
        reasons.append(freeze.reason)
      }
      ties += coupling.ties.map { (node.name, $0) }
    }
  }

  /// The unit of every position of a value's axis; 0 where it must stay.
  func units(_ id: ValueID, axis: Int = 1) -> [Int32] {
    guard let extent = graph[id].type.shape[axis].value,
      let ids = labels[id]?.vector(axis: axis, count: extent)
    else { return [] }
    return ids.map(unit)
  }

  private func unit(_ id: Int32) -> Int32 {
    var units = units
    let root = units.find(id)
    return frozen.contains { units.find($0) == root } ? 0 : root
  }

  /// How the channels line up with the operands of a node.
  func ties(of node: String) -> [Tie] {
    ties.filter { $0.node == node }.map {
      Tie(
        node: node, operand: $0.tie.operand, axis: $0.tie.axis, role: $0.tie.role,
        units: $0.tie.ids.map(unit))
    }
  }

  /// Ties of one operand.
  func ties(of node: String, operand: Int) -> [Tie] {
    ties(of: node).filter { $0.operand == operand }
  }
}

extension Drawing {
  /// A convolution that makes channels.
  mutating func conv(
    _ x: ValueID, _ name: String, _ made: Int, size: Int = 1, group: Int = 1, bias: Bool = false
  ) throws -> ValueID {
    let channels = graph[x].type.shape[1].value ?? 0
    let kernel = weight([made, channels / group, size, size], "\(name).w")
    let inputs = bias ? [x, kernel, weight([made], "\(name).b")] : [x, kernel]
    return try onnx(
      "Conv", inputs, ["group": .int(group), "pads": ints([Int](repeating: size / 2, count: 4))],
      name: name)
  }
}
