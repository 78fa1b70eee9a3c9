import ECGraph
import ECTensor

/// A layer of a functional model as it will be written; every layer has one call and one result.
struct SpelledLayer {
  let name: String
  let className: String
  /// The configuration without `name`, `trainable` and `dtype`.
  let config: FormatObject
  /// The name of the type that it computes in.
  let dtype: String
  let weights: [FormatWeight]
  /// The names of the layers that it reads.
  let inputs: [String]
}

/// A graph in Keras layers with unique legal names, each after those that it reads.
struct LayerSpelling {
  /// The inputs of the model by the names of their layers.
  private(set) var inputs: [(name: String, type: ValueType)] = []
  /// The layers besides those of the inputs.
  private(set) var layers: [SpelledLayer] = []
  /// The names of the layers that make the outputs.
  private(set) var outputs: [String] = []
  private var names: LayerNames
  /// The layer that makes each value.
  private var makers: [ValueID: String] = [:]

  /// Asks every operator for its layers.
  /// - Throws: `KerasError.notExpressible` listing all that Keras can't say.
  init(_ graph: Graph, dialect: KerasDialect) throws(KerasError) {
    let nonNegative = graph.nonNegativeValues()
    let wanted = LayerSpelling.names(of: graph)
    names = LayerNames(reserving: graph.inputs.map { graph[$0].name } + wanted)
    for id in graph.inputs {
      let name = names.take(graph[id].name)
      inputs.append((name, graph[id].type))
      makers[id] = name
    }
    var unsayable: [String] = []
    for (node, name) in zip(graph.nodes, wanted) {
      let context = LayerContext(
        dialect: dialect, operands: graph.operands(of: node),
        results: node.outputs.map { graph[$0].type },
        nonNegative: node.inputs.map { $0.map(nonNegative.contains) ?? false })
      if let exported = node.op.kerasLayers(context),
        let operands = LayerSpelling.operands(of: exported, in: node)
      {
        // What reads something unsayable isn't spelled; it would only be said to fail too.
        if operands.allSatisfy({ makers[$0] != nil }) { spell(node, name, exported, graph) }
      } else {
        unsayable.append("\(node.op.text) '\(node.name)'")
      }
    }
    for id in graph.outputs where graph.constant(id) != nil {
      unsayable.append("constant output '\(graph[id].name)'")
    }
    if !unsayable.isEmpty { throw KerasError(.notExpressible(unsayable)) }
    outputs = graph.outputs.compactMap { makers[$0] }
  }

  /// What the layers of every node want to be called: as the node, or as the output that it makes.
  private static func names(of graph: Graph) -> [String] {
    let outputs = Set(graph.outputs)
    return graph.nodes.map { node in
      node.outputs.count == 1 && outputs.contains(node.outputs[0])
        ? graph[node.outputs[0]].name : node.name
    }
  }

  /// The operands of a node that its layers read, or `nil` if one is a constant or absent.
  private static func operands(of exported: ExportedLayers, in node: Node) -> [ValueID]? {
    let read = exported.layers.flatMap(\.inputs) + exported.results
    var operands: [ValueID] = []
    for case .operand(let position) in read {
      guard position < node.inputs.count, let id = node.inputs[position] else { return nil }
      operands.append(id)
    }
    return operands
  }

  private mutating func spell(
    _ node: Node, _ wanted: String, _ exported: ExportedLayers, _ graph: Graph
  ) {
    var made: [String] = []
    func name(of operand: LayerOperand) -> String {
      switch operand {
      case .operand(let position): node.inputs[position].flatMap { makers[$0] } ?? ""
      case .intermediate(let position): made[position]
      }
    }
    let main = exported.layers.contains { $0.suffix.isEmpty } ? names.take(wanted) : wanted
    let type = graph[node.outputs[0]].type.elementType
    for layer in exported.layers {
      let inputs = layer.inputs.map(name)
      made.append(layer.suffix.isEmpty ? main : names.take("\(main)_\(layer.suffix)"))
      layers.append(
        SpelledLayer(
          name: made[made.count - 1], className: layer.className, config: layer.config,
          dtype: type.isFloatingPoint ? type.name : ElementType.float32.name,
          weights: layer.weights, inputs: inputs))
    }
    for (output, result) in zip(node.outputs, exported.results) {
      makers[output] = name(of: result)
    }
  }
}
