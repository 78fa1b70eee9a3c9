public import ECGraph
import ECTensor

/// An operand broadcast along the batch of another one, as the class token of a transformer is.
///
/// Source: ONNX Expand 8-13 to a shape whose first extent is that of the second operand.
public struct BatchExpand: UncontractedOperator {
  /// The extents after the batch; 1 asks for nothing.
  public var target: [Int]
  /// How many times the second operand's batch the first extent is.
  public let factor: Int

  public var name: String { "BatchExpand" }
  public var axes: AxisSignature { "…, … -> …" }
  public var attributeText: String { "\(target)" + (factor == 1 ? "" : " batch*\(factor)") }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let x = try operands.type(0)
    guard let batch = try operands.type(1).shape.first?.scaled(by: Ratio(factor, 1)) else {
      throw GraphError(.rank(operand: 1, expected: 1, found: 0))
    }
    let wanted = [batch] + target.map { .fixed($0) }
    return [ValueType(x.elementType, try broadcastShape(x.shape, wanted))]
  }

  /// What happens after the batch.
  private var inner: Expand { Expand(target: [1] + target) }

  public func couple(_ coupling: inout Coupling) { inner.couple(&coupling) }

  public func cut(_ cut: Cut) throws(GraphError) -> any Operator {
    var other = self
    let missing = cut.results[0].rank - target.count
    for axis in target.indices where target[axis] != 1 {
      if let keep = cut.resultKeeps[0][axis + missing] { other.target[axis] = keep.count }
    }
    return other
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    .keepsBelowImages(self, operands)
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let batch = values[1]?.shape.first else { throw GraphError(.missingOperand(1)) }
    return try Expand(target: [batch * factor] + target).lower(values, operands, into: builder)
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? { nil }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    func vector(_ numbers: [Int], _ suffix: String) -> FormatOperand {
      .constant(Tensor(numbers, shape: [numbers.count]), suffix: suffix)
    }
    var exported = ExportedNodes(
      FormatNode("Shape", inputs: [.operand(1)]),
      FormatNode("Gather", inputs: [.intermediate(0), vector([0], "first")]))
    if factor != 1 {
      exported.nodes.append(
        FormatNode("Mul", inputs: [.intermediate(1), vector([factor], "factor")]))
    }
    let batch = exported.nodes.count - 1
    exported.nodes += [
      FormatNode(
        "Concat", attributes: ["axis": .int(0)],
        inputs: [.intermediate(batch), vector(target, "target")]),
      FormatNode("Expand", inputs: [.operand(0), .intermediate(batch + 1)]),
    ]
    return exported
  }
}
