public import ECGraph
import ECTensor

/// A matrix product over the last axis: `y[…,o] = Σ x[…,i] · kernel[i,o] + bias[o]`.
///
/// Source: ONNX Gemm 7-13 and MatMul 1-13 with a constant matrix; Keras Dense.
public struct Dense: UncountedOperator {
  public var name: String { "Dense" }
  public var axes: AxisSignature { "… i, i o, o? -> … o" }
  public var attributeText: String { "" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let extents = try axes.bind(operands)
    var type = try operands.type(0)
    guard type.rank >= 1 else { throw GraphError(.rank(operand: 0, expected: 2, found: 0)) }
    type.shape[type.rank - 1] = extents["o"] ?? .symbolic("")
    return [type]
  }

  public func macs(_ operands: Operands, results: [ValueType]) -> Int {
    let taps = operands.types[1]?.shape.compactMap(\.value).reduce(1, *) ?? 0
    let rows = operands.types[0]?.shape.dropFirst().dropLast().reduce(1) { $0 * ($1.value ?? 1) }
    return taps * (rows ?? 1)
  }

  public func couple(_ coupling: inout Coupling) {
    guard coupling.operands.constants[1] != nil else {
      return coupling.barrier("it multiplies two computed matrices")
    }
    coupling.follow(axes, reducing: "positions are mixed")
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    (operands.types[0]?.rank ?? 0) == 2 ? .becomes(self) : .keeps
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0], let weights = values[1] else { throw GraphError(.missingOperand(0)) }
    return [builder.matrixProduct(x, weights: weights, bias: values.count > 2 ? values[2] : nil)]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    // The bias of a Gemm may be left out since opset 11.
    if context.operands.types[0]?.rank == 2 && (context.opset >= 11 || context.operands.has(2)) {
      return ExportedNodes(FormatNode("Gemm", inputs: operandList(context)))
    }
    let product = FormatNode("MatMul", inputs: [.operand(0), .operand(1)])
    guard context.operands.has(2) else { return ExportedNodes(product) }
    return ExportedNodes(product, FormatNode("Add", inputs: [.intermediate(0), .operand(2)]))
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? { nil }
}
