import ECGraph

/// The labels of every value of a graph, and what the operators said of them.
struct LabelFlow {
  /// A tie of one node.
  struct NodeTie {
    let node: NodeID
    let value: ValueID
    let tie: Coupling.Tie
  }

  /// Ids that must stay, with the place that said so.
  struct PlacedFreeze {
    let layer: String
    let ids: [Int32]
    let reason: String
  }

  private(set) var labels: [ValueID: LabelArray] = [:]
  private(set) var ties: [NodeTie] = []
  private(set) var freezes: [PlacedFreeze] = []
  private(set) var units = UnionFind()

  /// Carries labels through the nodes in order. O(labels).
  init(_ graph: Graph) {
    for input in graph.inputs { labels[input] = .none(rank: graph[input].type.rank) }
    for node in graph.nodes { step(node, of: graph) }
    // Only now, when every operator has said what it ties.
    for node in graph.nodes {
      for output in node.outputs { if let labels = labels[output] { squareUp(labels) } }
    }
    uniteSharedWeights(of: graph)
    for output in graph.outputs {
      if let labels = labels[output] {
        freezes.append(
          PlacedFreeze(
            layer: graph[output].name, ids: labels.ids.filter { $0 != 0 }, reason: "graph output"))
      }
    }
  }

  /// The representative of every id.
  mutating func roots() -> [Int32] {
    (0..<Int32(units.count)).map { units.find($0) }
  }

  private mutating func step(_ node: Node, of graph: Graph) {
    let operands = graph.operands(of: node)
    let incoming: [LabelArray?] = node.inputs.map { id in
      guard let id, graph.constant(id) == nil else { return nil }
      return labels[id] ?? .none(rank: graph[id].type.rank)
    }
    let before = units.count
    let taken = units
    units = UnionFind()
    var coupling = Coupling(
      operands: operands, results: node.outputs.map { graph[$0].type }, labels: incoming,
      units: consume taken)
    node.op.couple(&coupling)
    let layer = node.layer
    for tie in coupling.ties {
      guard let value = node.inputs[tie.operand] else { continue }
      precondition(tie.ids.count == graph[value].type.shape[tie.axis].value, "a tie fits its axis")
      ties.append(NodeTie(node: node.id, value: value, tie: tie))
    }
    for freeze in coupling.freezes {
      freezes.append(PlacedFreeze(layer: layer, ids: freeze.ids, reason: freeze.reason))
    }
    let resultLabels = coupling.resultLabels
    units = coupling.units
    precondition(units.count >= before, "atoms are never taken back")
    for (output, labels) in zip(node.outputs, resultLabels) {
      self.labels[output] = labels
    }
  }

  /// Where ids differ along several axes, a cut has to take whole slices of one: unites the ids of
  /// each slice of the axis that leaves most freedom; of equal ones, the last.
  private mutating func squareUp(_ array: LabelArray) {
    let varying = array.varyingAxes
    guard varying.count > 1 else { return }
    var slices: [[[Int32]]] = []
    for axis in varying {
      slices.append(
        (0..<array.shape[axis]).map { position in
          array.gathered(axis: axis, [position]).ids.map { units.find($0) }
        })
    }
    let freedom = slices.map { Set($0).count }
    guard let best = varying.indices.max(by: { (freedom[$0], $0) < (freedom[$1], $1) }) else {
      return
    }
    for slice in slices[best] {
      for id in slice.dropFirst() { units.unite(slice[0], id) }
    }
  }

  /// Readers of one weight must cut it alike: ids tied to one axis are united position by position.
  private mutating func uniteSharedWeights(of graph: Graph) {
    let outputs = Set(graph.outputs)
    var tied: [ValueID: [Int: [Int]]] = [:]
    for (k, entry) in ties.enumerated() {
      tied[entry.value, default: [:]][entry.tie.axis, default: []].append(k)
    }
    for (value, readings) in graph.consumers().sorted(by: { $0.key < $1.key }) {
      guard let axes = tied[value] else { continue }
      for axis in axes.keys.sorted() {
        guard let indices = axes[axis], let first = indices.first else { continue }
        for other in indices.dropFirst() {
          for (a, b) in zip(ties[first].tie.ids, ties[other].tie.ids) { units.unite(a, b) }
        }
        let follows = Set(indices.map { [ties[$0].node.index, ties[$0].tie.operand] })
        if let stray = readings.first(where: { !follows.contains([$0.node.index, $0.operand]) }) {
          freezes.append(
            PlacedFreeze(
              layer: graph[stray.node].layer, ids: ties[first].tie.ids.filter { $0 != 0 },
              reason: "its weight is also read by a node that doesn't follow"))
        } else if outputs.contains(value) {
          freezes.append(
            PlacedFreeze(
              layer: graph[value].name, ids: ties[first].tie.ids.filter { $0 != 0 },
              reason: "its weight is a graph output"))
        }
      }
    }
  }
}

extension Node {
  /// The layer of the source, or the node's own name where it has none.
  var layer: String { origin.isEmpty ? name : origin }
}
