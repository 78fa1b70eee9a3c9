public import ECGraph
import ECTensor

/// A matrix product over the last axis: `y[…,o] = Σ x[…,i] · kernel[i,o] + bias[o]`.
///
/// Source: ONNX Gemm 7-13 and MatMul 1-13 with a constant matrix; Keras Dense.
public struct Dense: UncountedOperator {
  /// Whether the kernel is `[o, i]`, as PyTorch has it.
  public var isTransposed = false

  /// Makes the operator.
  public init(isTransposed: Bool = false) {
    self.isTransposed = isTransposed
  }

  public var name: String { "Dense" }
  public var axes: AxisSignature {
    isTransposed ? "… i, o i, o? -> … o" : "… i, i o, o? -> … o"
  }
  public var attributeText: String { isTransposed ? "transposed" : "" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let extents = try axes.bind(operands)
    var type = try operands.type(0)
    guard type.rank >= 1 else { throw GraphError(.rank(operand: 0, expected: 2, found: 0)) }
    type.shape[type.rank - 1] = extents["o"] ?? .symbolic("")
    return [type]
  }

  public func macs(_ operands: Operands, results: [ValueType]) -> Int {
    let taps = operands.types[1]?.elementCountOfSample ?? 0
    let rows = operands.types[0]?.shape.dropFirst().dropLast() ?? []
    return rows.reduce(taps) { $0.times($1.value ?? 1) }
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
    let matrix = isTransposed ? builder.transpose(weights, [1, 0]) : weights
    return [builder.matrixProduct(x, weights: matrix, bias: values.count > 2 ? values[2] : nil)]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    if context.operands.types[0]?.rank == 2 {
      var gemm = FormatNode("Gemm", inputs: operandList(context))
      if isTransposed { gemm.attributes["transB"] = .int(1) }
      // Optional only from opset 11 on.
      if gemm.inputs.count < 3, context.opset < 11 {
        gemm.inputs.append(.constant(Tensor(scalar: Float(0)), suffix: "bias"))
      }
      return ExportedNodes(gemm)
    }
    var exported = ExportedNodes()
    if isTransposed {
      exported.nodes.append(
        FormatNode("Transpose", attributes: ["perm": .ints([1, 0])], inputs: [.operand(1)]))
    }
    let weights: FormatOperand = isTransposed ? .intermediate(0) : .operand(1)
    exported.nodes.append(FormatNode("MatMul", inputs: [.operand(0), weights]))
    if context.operands.has(2) {
      let product = FormatOperand.intermediate(exported.nodes.count - 1)
      exported.nodes.append(FormatNode("Add", inputs: [product, .operand(2)]))
    }
    return exported
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    guard let matrix = context.constant(1), context.isFixed(2),
      (context.operands.types[0]?.rank ?? 0) >= 2
    else { return nil }
    // Keras has the inputs first.
    let kernel = isTransposed ? matrix.permuted([1, 0]).materialized() : matrix
    let bias = context.constant(2)
    return ExportedLayers(
      FormatLayer(
        "Dense",
        config: [
          "units": .int(kernel.shape[1]), "activation": .string("linear"),
          "use_bias": .bool(bias != nil),
        ],
        weights: [FormatWeight("kernel", kernel)]
          + (bias.map { [FormatWeight("bias", $0)] } ?? [])))
  }
}
