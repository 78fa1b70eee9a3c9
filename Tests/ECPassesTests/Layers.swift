import ECExecution
import ECGraph
import ECOperators
import ECPasses
import ECTensor
import ECTestSupport
import Testing

/// Draws Keras layers on images with their channels last, with weights of a seed.
struct Layers {
  var graph = Graph(name: "test")
  var generator: SeededGenerator

  init(seed: UInt64 = 7) {
    generator = SeededGenerator(seed: seed)
  }

  mutating func input(_ shape: [Int], _ name: String = "x") -> ValueID {
    graph.addInput(name, ValueType(.float32, [.symbolic("batch")] + shape.map { .fixed($0) }))
  }

  mutating func random(_ shape: [Int], in range: ClosedRange<Float> = -1...1) -> Tensor {
    Tensor(generator.floats(shape.reduce(1, *), in: range), shape: shape)
  }

  /// A layer; its value is called as the layer is.
  mutating func layer(
    _ className: String, _ name: String, _ inputs: [ValueID], _ config: FormatObject = [:],
    weights: [String: Tensor] = [:], shared: [String: ValueID] = [:]
  ) throws -> ValueID {
    let rule = try #require(OperatorTable.standard.keras[className])
    var sketch = Sketch(graph: graph, layer: name, shared: shared)
    let layer = KerasLayer(
      name: name, className: className, config: config, weights: weights, dialect: .keras3)
    let results = try rule.read(layer, inputs, &sketch)
    graph = sketch.finish()
    return results[0]
  }

  func extent(_ x: ValueID, _ axis: Int = -1) -> Int {
    let shape = graph[x].type.shape
    return shape[axis < 0 ? axis + shape.count : axis].value ?? 0
  }

  mutating func conv(
    _ x: ValueID, _ name: String, _ filters: Int, size: Int = 3, strides: Int = 1,
    padding: String = "same", bias: Bool = true
  ) throws -> ValueID {
    let kernel = random([size, size, extent(x), filters], in: -0.5...0.5)
    return try layer(
      "Conv2D", name, [x],
      [
        "filters": .int(filters), "kernel_size": .list([.int(size), .int(size)]),
        "strides": .int(strides), "padding": .string(padding), "use_bias": .bool(bias),
      ], weights: ["kernel": kernel, "bias": random([filters])])
  }

  mutating func dense(_ x: ValueID, _ name: String, _ units: Int) throws -> ValueID {
    let kernel = random([extent(x), units], in: -0.5...0.5)
    return try layer(
      "Dense", name, [x], ["units": .int(units)],
      weights: ["kernel": kernel, "bias": random([units])])
  }

  mutating func norm(_ x: ValueID, _ name: String) throws -> ValueID {
    let count = extent(x)
    return try layer(
      "BatchNormalization", name, [x], [:],
      weights: [
        "gamma": random([count], in: 0.5...1.5), "beta": random([count]),
        "moving_mean": random([count]), "moving_variance": random([count], in: 0.5...1.5),
      ])
  }

  mutating func relu(_ x: ValueID, _ name: String) throws -> ValueID {
    try layer("ReLU", name, [x])
  }

  mutating func plain(_ className: String, _ x: ValueID, _ name: String) throws -> ValueID {
    try layer(className, name, [x])
  }
}

extension Graph {
  /// The outputs for a batch of two of a seed.
  func run(_ inputs: [Tensor]) throws -> [Tensor] {
    try Evaluator(graph: self, inputShapes: inputs.map(\.shape)).run(inputs)
  }

  /// Inputs of a seed.
  func samples(seed: UInt64 = 3) throws -> [Tensor] {
    var generator = SeededGenerator(seed: seed)
    return try Evaluator.inputShapes(of: self, batch: 2).map {
      Tensor(generator.floats($0.reduce(1, *)), shape: $0)
    }
  }

  /// The operators' names in order.
  var operators: [String] { nodes.map(\.op.name) }

  /// The names of the outputs in order.
  var outputNames: [String] { outputs.map { self[$0].name } }
}

/// Runs passes, checking the graph after each, and expects the outputs to stay under their names.
/// - Returns: the graph after the passes.
@discardableResult
func expectKept(
  _ source: Graph, _ passes: [any Pass], movesInputs: Bool = false,
  sourceLocation: SourceLocation = #_sourceLocation
) throws -> Graph {
  try source.verify()
  var graph = source
  let inputs = try source.samples()
  try Pipeline(passes).run(on: &graph, verifying: true)
  let given = inputs.map {
    movesInputs && $0.shape.count == 4 ? $0.permuted([0, 3, 1, 2]).materialized() : $0
  }
  let expected = try source.run(inputs)
  let found = try graph.run(given)
  #expect(graph.outputNames == source.outputNames, sourceLocation: sourceLocation)
  #expect(found.count == expected.count, sourceLocation: sourceLocation)
  for (found, expected) in zip(found, expected) {
    let difference = Difference(found, reference: expected)
    #expect(
      difference.passes(relative: 1e-5, absolute: 1e-5), "\(difference)\n\(graph.text)",
      sourceLocation: sourceLocation)
  }
  return graph
}

/// The passes of a conversion from Keras to ONNX, in their order there.
func kerasPasses(movesInputs: Bool = false) -> [any Pass] {
  [
    RemoveUnused(), SplitGlobalPool(),
    ConvertLayout(from: .channelsLast, to: .channelsFirst, inputs: movesInputs ? .move : .keep),
    MergeReshapes(), MergePadding(), FoldBatchNorm(), RemoveUnused(),
  ]
}
