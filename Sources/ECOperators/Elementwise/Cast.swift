public import ECGraph
public import ECTensor

/// The same numbers as elements of another type.
///
/// Source: ONNX Cast 9-24; rounding to integers is towards zero, and everything but zero is true.
public struct Cast: UncountedOperator, UncontractedOperator, LayoutFreeOperator {
  /// The type of the result's elements.
  public let elementType: ElementType

  /// Makes a conversion.
  public init(to elementType: ElementType) {
    self.elementType = elementType
  }

  public var name: String { "Cast" }
  public var axes: AxisSignature { "… -> …" }
  public var attributeText: String { elementType.name }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    [ValueType(elementType, try operands.type(0).shape)]
  }

  public func couple(_ coupling: inout Coupling) { coupling.elementwise() }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0] else { throw GraphError(.missingOperand(0)) }
    return [builder.converted(x, to: elementType)]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    ExportedNodes(
      FormatNode(
        "Cast", attributes: ["to": .int(Int(elementType.rawValue))], inputs: [.operand(0)]))
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? { nil }
}

extension Cast: ConstantChannelOperator {
  public func constantChannels(_ operands: Operands) -> ConstantChannelRule? { .computes }
}
