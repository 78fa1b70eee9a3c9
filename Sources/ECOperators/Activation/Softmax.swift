public import ECGraph
import ECTensor

/// Exponentials that sum to one along an axis, or their logarithms.
///
/// Source: ONNX Softmax and LogSoftmax 13; Keras Softmax, `softmax`, `log_softmax`.
public struct Softmax: UncountedOperator, UncontractedOperator, AxisOperator {
  /// The axis, from the first.
  public var axis: Int
  /// Whether its results are logarithms.
  public let isLogarithm: Bool

  /// Makes the operator.
  public init(axis: Int, isLogarithm: Bool = false) {
    (self.axis, self.isLogarithm) = (axis, isLogarithm)
  }

  public var name: String { isLogarithm ? "LogSoftmax" : "Softmax" }
  public var axes: AxisSignature { "… -> …" }
  public var attributeText: String { "axis=\(axis)" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    [try typeWithAxis(operands)]
  }

  public func couple(_ coupling: inout Coupling) {
    guard let labels = coupling.labels[0] else { return }
    let reason = "softmax is taken across its channels"
    if coupling.collapse(labels, along: [axis], because: reason) != nil {
      coupling.setResult(0, labels)
    }
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0] else { throw GraphError(.missingOperand(0)) }
    return [builder.softmax(x, axis: axis, logarithm: isLogarithm)]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    let node = FormatNode(name, attributes: ["axis": .int(axis)], inputs: [.operand(0)])
    guard context.opset < 13, let type = context.operands.types[0],
      type.shape[(axis + 1)...].contains(where: { $0 != 1 })
    else { return ExportedNodes(node) }
    // All axes from the given one on are flattened together here: it has to be the last.
    var order = Array(0..<type.rank)
    order.swapAt(axis, type.rank - 1)
    let swap = FormatNode("Transpose", attributes: ["perm": .ints(order)], inputs: [.operand(0)])
    var inner = node
    inner.attributes["axis"] = .int(type.rank - 1)
    inner.inputs = [.intermediate(0)]
    var back = swap
    back.inputs = [.intermediate(1)]
    return ExportedNodes(swap, inner, back)
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    guard axis > 0 else { return nil }
    if isLogarithm {
      guard axis == (context.operands.types[0]?.rank ?? 0) - 1 else { return nil }
      return ExportedLayers(
        FormatLayer("Activation", config: ["activation": .string("log_softmax")]))
    }
    return ExportedLayers(FormatLayer("Softmax", config: ["axis": .int(axis)]))
  }
}
