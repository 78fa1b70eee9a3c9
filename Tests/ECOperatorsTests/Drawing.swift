import ECExecution
import ECGraph
import ECOperators
import ECTensor
import ECTestSupport
import Testing

/// Draws layers with the rules of both formats.
struct Drawing {
  var graph = Graph(name: "test")

  /// An input whose batch is open.
  mutating func input(_ shape: [Int], _ name: String = "x") -> ValueID {
    graph.addInput(name, ValueType(.float32, [.symbolic("batch")] + shape.map { .fixed($0) }))
  }

  /// An initializer of seeded numbers.
  mutating func weight(_ shape: [Int], _ name: String = "w") -> ValueID {
    graph.addConstant(name, random(shape, seed: 9))
  }

  /// An initializer of whole numbers.
  mutating func numbers(_ numbers: [Int], _ name: String = "numbers") -> ValueID {
    graph.addConstant(name, Tensor(numbers, shape: [numbers.count]))
  }

  /// A node of ONNX; `extents` are the numbers of operands that are extents like the batch.
  mutating func onnx(
    _ type: String, _ inputs: [ValueID?], _ attributes: FormatObject = [:], name: String = "y",
    opset: Int = 17, extents: [ValueID: [Dimension]] = [:]
  ) throws -> ValueID {
    let rule = try #require(OperatorTable.standard.onnx[type])
    var sketch = Sketch(graph: graph, layer: name, extents: extents)
    let node = ONNXNode(
      name: name, type: type, attributes: attributes, opset: opset, outputCount: 1)
    let results = try rule.read(node, inputs, &sketch)
    graph = sketch.finish()
    return results[0]
  }

  /// A layer of Keras.
  mutating func keras(
    _ className: String, _ inputs: [ValueID], _ config: FormatObject = [:],
    weights: [String: Tensor] = [:], name: String = "y"
  ) throws -> ValueID {
    let rule = try #require(OperatorTable.standard.keras[className])
    var sketch = Sketch(graph: graph, layer: name)
    let layer = KerasLayer(
      name: name, className: className, config: config, weights: weights, dialect: .keras3)
    let results = try rule.read(layer, inputs, &sketch)
    graph = sketch.finish()
    return results[0]
  }

  /// Runs the graph up to a value, and checks that every type that was inferred is what comes out.
  func run(_ value: ValueID, _ inputs: [Tensor]) throws -> Tensor {
    var graph = graph
    graph.addOutput(value)
    try graph.verify()
    let made = graph.nodes.flatMap(\.outputs)
    let evaluator = try Evaluator(
      graph: graph, inputShapes: inputs.map(\.shape), outputs: made + [value])
    let results = try evaluator.run(inputs)
    for (id, result) in zip(made, results) {
      let inferred = graph[id].type.shape
      #expect(inferred.count == result.shape.count)
      for (extent, found) in zip(inferred, result.shape) {
        #expect(extent.value == nil || extent.value == found, "of '\(graph[id].name)'")
      }
    }
    return try #require(results.last)
  }
}

/// One ONNX node on activations and, behind them, constants.
func onnx(
  _ type: String, _ activations: [Tensor], _ constants: [Tensor?] = [],
  _ attributes: FormatObject = [:], opset: Int = 17
) throws -> Tensor {
  var drawing = Drawing()
  var inputs: [ValueID?] = []
  for (k, x) in activations.enumerated() {
    inputs.append(drawing.input(Array(x.shape.dropFirst()), "x\(k)"))
  }
  for (k, constant) in constants.enumerated() {
    inputs.append(constant.map { drawing.graph.addConstant("c\(k)", $0) })
  }
  let y = try drawing.onnx(type, inputs, attributes, opset: opset)
  return try drawing.run(y, activations)
}

/// One Keras layer on activations.
func keras(
  _ className: String, _ activations: [Tensor], _ config: FormatObject = [:],
  weights: [String: Tensor] = [:]
) throws -> Tensor {
  var drawing = Drawing()
  var inputs: [ValueID] = []
  for (k, x) in activations.enumerated() {
    inputs.append(drawing.input(Array(x.shape.dropFirst()), "x\(k)"))
  }
  let y = try drawing.keras(className, inputs, config, weights: weights)
  return try drawing.run(y, activations)
}

/// A list of whole numbers as an attribute.
func ints(_ numbers: [Int]) -> FormatValue { .list(numbers.map { .int($0) }) }

/// A tensor of whole numbers.
func whole(_ numbers: [Int]) -> Tensor { Tensor(numbers, shape: [numbers.count]) }
