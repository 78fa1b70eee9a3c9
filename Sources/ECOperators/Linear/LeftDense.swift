public import ECGraph
import ECTensor

/// A matrix product over the last axis but one, with the weights on the left:
/// `y[…,o,m] = Σ kernel[o,i] · x[…,i,m]`.
///
/// Operands: kernel, x. Source: ONNX MatMul 1-13 with a constant left matrix.
public struct LeftDense: UncountedOperator {
  public var name: String { "LeftDense" }
  public var axes: AxisSignature { "o i, … i m -> … o m" }
  public var attributeText: String { "" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let extents = try axes.bind(operands)
    var type = try operands.type(1)
    type.shape[type.rank - 2] = extents["o"] ?? .symbolic("")
    return [type]
  }

  public func macs(_ operands: Operands, results: [ValueType]) -> Int {
    let taps = operands.types[0]?.elementCountOfSample ?? 0
    let positions = operands.types[1]?.shape.last?.value ?? 1
    let leading = operands.types[1]?.shape.dropFirst().dropLast(2) ?? []
    return leading.reduce(taps.times(positions)) { $0.times($1.value ?? 1) }
  }

  public func couple(_ coupling: inout Coupling) {
    guard coupling.operands.constants[0] != nil else {
      return coupling.barrier("it is multiplied by a computed matrix")
    }
    coupling.follow(axes, reducing: "positions are mixed")
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    operands.types[1]?.rank == 4 ? .keeps : .becomes(self)
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let weights = values[0], let x = values[1] else { throw GraphError(.missingOperand(1)) }
    let rank = x.shape.count
    let swap = Array(0..<(rank - 2)) + [rank - 1, rank - 2]
    let product = builder.matrixProduct(
      builder.transpose(x, swap), weights: builder.transpose(weights, [1, 0]), bias: nil)
    return [builder.transpose(product, swap)]
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? { nil }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    ExportedNodes(FormatNode("MatMul", inputs: [.operand(0), .operand(1)]))
  }
}
