public import ECGraph
import ECTensor

/// A test of two operands, element by element, broadcast as numpy does; what is true counts as 1.
///
/// Source: ONNX Equal, Less, LessOrEqual, Greater, GreaterOrEqual, And, Or, Xor 7-19.
public struct Comparison: UncountedOperator, UncontractedOperator, LayoutFreeOperator {
  /// The tests, by their names in ONNX.
  enum Kind: String, CaseIterable, Sendable {
    case equal = "Equal"
    case less = "Less"
    case lessOrEqual = "LessOrEqual"
    case greater = "Greater"
    case greaterOrEqual = "GreaterOrEqual"
    case and = "And"
    case or = "Or"
    case xor = "Xor"
  }

  let kind: Kind

  public var name: String { kind.rawValue }
  public var axes: AxisSignature { "…, … -> …" }
  public var attributeText: String { "" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let shape = try broadcastShape(try operands.type(0).shape, try operands.type(1).shape)
    return [ValueType(.bool, shape)]
  }

  public func couple(_ coupling: inout Coupling) { coupling.elementwise() }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let a = values[0], let b = values[1] else { throw GraphError(.missingOperand(1)) }
    // Infinities become the largest numbers, so that equal ones differ by zero.
    let largest = Float.greatestFiniteMagnitude
    func finite(_ x: KernelValue) -> KernelValue {
      builder.unary(.clip(low: -largest, high: largest), x)
    }
    func isAbove(_ a: KernelValue, _ b: KernelValue) -> KernelValue {
      let excess = builder.unary(.relu, builder.binary(.subtract, finite(a), finite(b)))
      return builder.converted(excess, to: .bool)
    }
    func differ() -> KernelValue {
      builder.converted(builder.binary(.subtract, finite(a), finite(b)), to: .bool)
    }
    switch kind {
    case .equal: return [builder.inverted(differ())]
    case .less: return [isAbove(b, a)]
    case .lessOrEqual: return [builder.inverted(isAbove(a, b))]
    case .greater: return [isAbove(a, b)]
    case .greaterOrEqual: return [builder.inverted(isAbove(b, a))]
    case .and: return [builder.binary(.multiply, a, b)]
    case .or: return [builder.binary(.maximum, a, b)]
    case .xor: return [differ()]
    }
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? { nil }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    ExportedNodes(FormatNode(name, inputs: [.operand(0), .operand(1)]))
  }
}

/// What is true becomes false, and the other way round.
///
/// Source: ONNX Not 1.
public struct LogicalNot: UncountedOperator, UncontractedOperator, LayoutFreeOperator {
  public var name: String { "Not" }
  public var axes: AxisSignature { "… -> …" }
  public var attributeText: String { "" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    [ValueType(.bool, try operands.type(0).shape)]
  }

  public func couple(_ coupling: inout Coupling) { coupling.elementwise() }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0] else { throw GraphError(.missingOperand(0)) }
    return [builder.inverted(x)]
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? { nil }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    ExportedNodes(FormatNode("Not", inputs: [.operand(0)]))
  }
}

/// Elements of the second operand where the first is true, and of the third elsewhere.
///
/// Source: ONNX Where 9-16.
public struct Choice: UncountedOperator, UncontractedOperator, LayoutFreeOperator {
  public var name: String { "Where" }
  public var axes: AxisSignature { "…, …, … -> …" }
  public var attributeText: String { "" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let (a, b) = (try operands.type(1), try operands.type(2))
    let shape = try broadcastShape(try operands.type(0).shape, a.shape)
    return [ValueType(a.elementType, try broadcastShape(shape, b.shape))]
  }

  public func couple(_ coupling: inout Coupling) { coupling.elementwise() }

  /// Bounds that are infinite on the side of what is chosen leave it as it is; infinities among the
  /// elements survive, which a weighted sum would not let them.
  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let condition = values[0], let a = values[1], let b = values[2] else {
      throw GraphError(.missingOperand(2))
    }
    let sign = builder.unary(.linear(scale: 1, shift: -0.5), condition)
    let bound = builder.unary(.linear(scale: .infinity, shift: 0), sign)
    let chosen = builder.binary(.minimum, a, bound)
    let other = builder.binary(.minimum, b, builder.unary(.negate, bound))
    return [builder.binary(.maximum, chosen, other)]
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? { nil }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    ExportedNodes(FormatNode("Where", inputs: [.operand(0), .operand(1), .operand(2)]))
  }
}

extension KernelBuilder {
  /// One minus each element: what is true becomes false.
  fileprivate func inverted(_ x: KernelValue) -> KernelValue {
    unary(.linear(scale: -1, shift: 1), x)
  }
}
