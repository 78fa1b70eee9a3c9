public import ECGraph
import ECTensor

/// Division by a power of the sum of squares over neighbouring channels, which stand on axis 1:
/// `y = x / (bias + alpha / size · Σ x²)^beta`.
///
/// Source: ONNX LRN 1-13.
public struct LocalResponseNorm: UncountedOperator, UncontractedOperator {
  /// How many channels are summed: `(size - 1) / 2` before, the rest from the channel itself on.
  public let size: Int
  public let alpha: Float
  public let beta: Float
  public let bias: Float

  public var name: String { "LRN" }
  public var axes: AxisSignature { "n c! … -> n c! …" }
  public var attributeText: String { "size=\(size) alpha=\(alpha) beta=\(beta) bias=\(bias)" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let x = try operands.type(0)
    guard x.rank >= 2, (1...1 << 16).contains(size) else {
      throw GraphError(.refused("\(size) neighbours of \(x.rank) axes can't be normalized"))
    }
    return [x]
  }

  public func couple(_ coupling: inout Coupling) {
    coupling.barrier("it is normalized across neighbouring channels (LRN)")
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    operands.types[0]?.rank == 4 ? .keeps : .becomes(self)
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0] else { throw GraphError(.missingOperand(0)) }
    let rank = x.shape.count
    let ones = [Int](repeating: 1, count: rank)
    var (begin, end) = (ones.map { _ in 0 }, ones.map { _ in 0 })
    (begin[1], end[1]) = ((size - 1) / 2, size / 2)
    let square = builder.pad(
      builder.binary(.multiply, x, x), begin: begin, end: end, value: 0)
    var sum: KernelValue?
    for k in 0..<size {
      var starts = ones.map { _ in 0 }
      starts[1] = k
      let neighbour = builder.slice(square, starts: starts, counts: x.shape, steps: ones)
      sum = sum.map { builder.binary(.add, $0, neighbour) } ?? neighbour
    }
    guard let sum else { return [x] }
    let base = builder.unary(.linear(scale: alpha / Float(size), shift: bias), sum)
    let power = builder.constant(Tensor(scalar: beta))
    return [builder.binary(.divide, x, builder.binary(.power, base, power))]
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? { nil }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    ExportedNodes(
      FormatNode(
        "LRN",
        attributes: [
          "alpha": .float(Double(alpha)), "beta": .float(Double(beta)),
          "bias": .float(Double(bias)), "size": .int(size),
        ], inputs: [.operand(0)]))
  }
}
