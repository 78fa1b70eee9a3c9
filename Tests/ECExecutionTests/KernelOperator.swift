import ECExecution
import ECGraph
import ECTensor
import ECTestSupport
import Testing

/// An operator for tests: one shape, and a closure that lowers it.
struct KernelOperator: Operator {
  typealias Lowering = @Sendable ([KernelValue], any KernelBuilder) -> KernelValue

  var shape: [Int]
  var lowering: Lowering

  var name: String { "Kernel" }
  var axes: AxisSignature { "… -> …" }
  var attributeText: String { "" }

  init(_ shape: [Int], _ lowering: @escaping Lowering) {
    self.shape = shape
    self.lowering = lowering
  }

  func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    [ValueType(.float32, shape.map { .fixed($0) })]
  }
  func macs(_ operands: Operands, results: [ValueType]) -> Int { 0 }
  func couple(_ coupling: inout Coupling) {}
  func cut(_ cut: Cut) throws(GraphError) -> any Operator { self }
  func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout { .keeps }
  func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    [lowering(values.compactMap { $0 }, builder)]
  }
  func onnxNodes(_ context: ExportContext) -> ExportedNodes? { nil }
  func kerasLayers(_ context: LayerContext) -> ExportedLayers? { nil }
}

/// A tensor of seeded numbers.
func random(_ shape: [Int], seed: UInt64 = 1) -> Tensor {
  var generator = SeededGenerator(seed: seed)
  return Tensor(generator.floats(shape.reduce(1, *)), shape: shape)
}

/// Runs one operator on inputs and constants.
func run(
  _ op: KernelOperator, _ inputs: [Tensor], constants: [Tensor] = []
) throws -> Tensor {
  var graph = Graph(name: "test")
  var operands: [ValueID?] = []
  for (k, input) in inputs.enumerated() {
    operands.append(graph.addInput("x\(k)", ValueType(input)))
  }
  for (k, constant) in constants.enumerated() {
    operands.append(graph.addConstant("c\(k)", constant))
  }
  let node = try graph.insert(op, name: "y", inputs: operands, origin: "")
  graph.addOutput(graph[node].outputs[0])
  let evaluator = try Evaluator(graph: graph, inputShapes: inputs.map(\.shape))
  let result = try evaluator.run(inputs)[0]
  #expect(result.shape == op.shape)
  return result
}

/// The largest difference of two tensors of one shape.
func difference(_ a: Tensor, _ b: Tensor) -> Float {
  guard a.shape == b.shape else { return .infinity }
  return zip(a.floats(), b.floats()).reduce(0) { max($0, abs($1.0 - $1.1)) }
}

/// An image batch `[n, c, …]` as it stands in a layout.
func stored(_ image: Tensor, _ layout: ImageLayout) -> Tensor {
  image.permuted(ImageLayout.channelsFirst.order(to: layout, rank: image.shape.count))
    .materialized()
}

/// The index tuples of a shape in row-major order.
func indices(_ shape: [Int]) -> [[Int]] {
  shape.reduce([[]]) { tuples, extent in
    tuples.flatMap { tuple in (0..<extent).map { tuple + [$0] } }
  }
}

/// A tensor whose elements follow from their indices.
func tensor(_ shape: [Int], _ element: ([Int]) -> Float) -> Tensor {
  Tensor(indices(shape).map(element), shape: shape)
}

/// Reads single elements of a tensor.
struct Reader {
  private let elements: [Float]
  private let shape: [Int]

  init(_ tensor: Tensor) {
    (elements, shape) = (tensor.floats(), tensor.shape)
  }

  /// The element at an index, or zero outside.
  subscript(index: [Int]) -> Float {
    var position = 0
    for (i, extent) in zip(index, shape) {
      guard (0..<extent).contains(i) else { return 0 }
      position = position * extent + i
    }
    return elements[position]
  }
}
