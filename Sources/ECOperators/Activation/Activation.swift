public import ECGraph
import ECTensor

/// An element-wise function of one operand.
///
/// Source: ONNX Relu, Clip, Sigmoid, … ; Keras activations by name, ReLU, LeakyReLU, ELU.
public struct Activation: UncountedOperator, UncontractedOperator, LayoutFreeOperator {
  /// The function.
  public let kind: UnaryKernel

  /// Makes the operator.
  public init(kind: UnaryKernel) {
    self.kind = kind
  }

  public var name: String { ActivationSpelling(kind).name }
  public var axes: AxisSignature { "… -> …" }
  public var attributeText: String { ActivationSpelling(kind).text }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    [try operands.type(0)]
  }

  public func couple(_ coupling: inout Coupling) { coupling.elementwise() }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0] else { throw GraphError(.missingOperand(0)) }
    return [builder.unary(kind, x)]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    ActivationSpelling(kind).onnx(opset: context.opset)
  }
}
