import ECExecution
import ECGraph
import ECKeras
import ECOperators
import ECPruning
import ECTensor

/// What is found out of a rule by applying it once, behind layers whose channels could be pruned.
struct OperatorTrial {
  private var graph = Graph(name: "trial")
  private static let node = "node"

  /// Applies the rule of an ONNX operator; `nil` if it refuses the sample.
  init?(onnx type: String, _ sample: OperatorSample) {
    guard let rule = OperatorTable.standard.onnx[type] else { return nil }
    var inputs: [ValueID?] = []
    for shape in sample.activations {
      guard let input = produced(shape, lastAxis: false) else { return nil }
      inputs.append(input)
    }
    for (k, constant) in sample.constants.enumerated() {
      inputs.append(constant.map { graph.addConstant("constant\(k)", $0) })
    }
    let node = ONNXNode(
      name: Self.node, type: type, attributes: sample.attributes, opset: OperatorSample.opset,
      outputCount: 1)
    var sketch = Sketch(graph: graph, layer: Self.node)
    guard let results = try? rule.read(node, inputs, &sketch) else { return nil }
    finish(sketch, results)
  }

  /// Applies the rule of a Keras layer; `nil` if it refuses the sample.
  init?(keras className: String, _ sample: OperatorSample) {
    guard let rule = OperatorTable.standard.keras[className] else { return nil }
    var inputs: [ValueID] = []
    for shape in sample.activations {
      guard let input = produced(shape, lastAxis: true) else { return nil }
      inputs.append(input)
    }
    func layer(_ weights: [String: Tensor]) -> KerasLayer {
      KerasLayer(
        name: Self.node, className: className, config: sample.attributes,
        arguments: sample.arguments, weights: weights, dialect: .keras3)
    }
    var weights: [String: Tensor] = [:]
    for weight in rule.weights(layer([:])) {
      weights[weight.name] = sample.weight(weight.name)
    }
    var sketch = Sketch(graph: graph, layer: Self.node)
    guard let results = try? rule.read(layer(weights), inputs, &sketch) else { return nil }
    finish(sketch, results)
  }

  private mutating func finish(_ sketch: Sketch, _ results: [ValueID]) {
    graph = sketch.finish()
    for (k, result) in results.enumerated() {
      graph.rename(result, to: "result\(k)")
      graph.addOutput(result)
    }
  }

  /// An activation whose channels a layer makes: from all channels of an input.
  private mutating func produced(_ shape: [Int], lastAxis: Bool) -> ValueID? {
    let k = graph.inputs.count
    let x = graph.addInput(
      "input\(k)", ValueType(.float32, [.symbolic("batch")] + shape.map { .fixed($0) }))
    let channels = lastAxis ? shape[shape.count - 1] : shape[0]
    var sketch = Sketch(graph: graph, layer: "producer\(k)")
    let results: [ValueID]?
    if lastAxis {
      let layer = KerasLayer(
        name: "producer\(k)", className: "Dense",
        config: ["units": .int(channels), "use_bias": .bool(false)],
        weights: ["kernel": OperatorSample.ones([channels, channels])], dialect: .keras3)
      results = try? OperatorTable.standard.keras["Dense"]?.read(layer, [x], &sketch)
    } else {
      let isVector = shape.count == 1
      let kernel = [channels, channels] + [Int](repeating: 1, count: shape.count - 1)
      let type = isVector ? "Gemm" : "Conv"
      let node = ONNXNode(
        name: "producer\(k)", type: type, attributes: [:], opset: OperatorSample.opset,
        outputCount: 1)
      let weight = sketch.constant("kernel", OperatorSample.ones(kernel))
      results = try? OperatorTable.standard.onnx[type]?.read(node, [x, weight], &sketch)
    }
    graph = sketch.finish()
    return results?.first
  }

  private var nodes: [Node] { graph.nodes.filter { $0.origin == Self.node } }

  /// Whether channels can be removed on both sides of it.
  var isPrunedThrough: Bool {
    !ChannelGroups(graph).barriers.contains { $0.layer == Self.node }
  }

  /// Whether the executor runs it.
  var runs: Bool {
    guard let shapes = try? Evaluator.inputShapes(of: graph, batch: 1),
      let evaluator = try? Evaluator(graph: graph, inputShapes: shapes)
    else { return false }
    return (try? evaluator.run(shapes.map { OperatorSample.ones($0) })) != nil
  }

  /// Whether it can be written as ONNX nodes.
  var isONNX: Bool {
    nodes.allSatisfy { node in
      node.op.onnxNodes(
        ExportContext(
          opset: OperatorSample.opset, operands: graph.operands(of: node),
          results: node.outputs.map { graph[$0].type })) != nil
    }
  }

  /// Whether it can be written as Keras layers.
  var isKeras: Bool {
    (try? FunctionalExporter(table: .standard, dialect: .keras3).document(of: graph)) != nil
  }
}
