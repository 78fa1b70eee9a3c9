public import ECGraph
import ECTensor

/// `x` where positive, else `slope · x`; the slope is a constant that broadcasts against `x`.
///
/// Source: ONNX PRelu 7-16; Keras PReLU.
public struct PRelu: UncountedOperator, UncontractedOperator, LayoutFreeOperator {
  public var name: String { "PRelu" }
  public var axes: AxisSignature { "…, … -> …" }
  public var attributeText: String { "" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let x = try operands.type(0)
    _ = try broadcastShape(x.shape, try operands.type(1).shape)
    return [x]
  }

  public func couple(_ coupling: inout Coupling) { coupling.elementwise() }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0], let slope = values[1] else { throw GraphError(.missingOperand(1)) }
    let positive = builder.unary(.relu, x)
    let negative = builder.binary(.subtract, x, positive)
    return [builder.binary(.add, positive, builder.binary(.multiply, negative, slope))]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    ExportedNodes(FormatNode("PRelu", inputs: [.operand(0), .operand(1)]))
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    guard let slope = context.constant(1), let x = context.operands.types[0], x.rank >= 2,
      context.results[0].shape == x.shape
    else { return nil }
    let padded = [Int](repeating: 1, count: max(0, x.rank - slope.shape.count)) + slope.shape
    let extents = Array(padded.dropFirst())
    // An extent of one is a shared axis; one that the operand has too is as good unshared.
    let shared = extents.indices.filter { extents[$0] == 1 }.map { $0 + 1 }
    guard padded[0] == 1 else { return nil }
    return ExportedLayers(
      FormatLayer(
        "PReLU", config: ["shared_axes": shared.isEmpty ? .null : .ints(shared)],
        weights: [FormatWeight("alpha", slope.reshaped(extents))]))
  }
}
