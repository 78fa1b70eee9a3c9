public import ECGraph
import ECTensor

/// An element-wise function of two operands, broadcast from the right as numpy does.
///
/// Source: ONNX Add, Sub, Mul, Div, Max, Min, Pow 7-14; Keras merging layers.
public struct Elementwise: UncountedOperator, UncontractedOperator, LayoutFreeOperator {
  /// The function.
  public let kind: BinaryKernel

  /// Makes the operator.
  public init(kind: BinaryKernel) {
    self.kind = kind
  }

  public var name: String {
    switch kind {
    case .add: "Add"
    case .subtract: "Sub"
    case .multiply: "Mul"
    case .divide: "Div"
    case .maximum: "Max"
    case .minimum: "Min"
    case .power: "Pow"
    }
  }
  public var axes: AxisSignature { "…, … -> …" }
  public var attributeText: String { "" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let a = try operands.type(0)
    let b = try operands.type(1)
    return [ValueType(a.elementType, try broadcastShape(a.shape, b.shape))]
  }

  public func couple(_ coupling: inout Coupling) { coupling.elementwise() }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let a = values[0], let b = values[1] else { throw GraphError(.missingOperand(1)) }
    return [builder.binary(kind, a, b)]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    ExportedNodes(FormatNode(name, inputs: [.operand(0), .operand(1)]))
  }
}

/// The extents of two operands broadcast together, from the right.
/// - Throws: `GraphError.notBroadcastable`.
func broadcastShape(_ a: [Dimension], _ b: [Dimension]) throws(GraphError) -> [Dimension] {
  let rank = max(a.count, b.count)
  let left = [Dimension](repeating: 1, count: rank - a.count) + a
  let right = [Dimension](repeating: 1, count: rank - b.count) + b
  var result: [Dimension] = []
  for (x, y) in zip(left, right) {
    if x == y || y == 1 {
      result.append(x)
    } else if x == 1 {
      result.append(y)
    } else if x.value == nil {
      result.append(y.value == nil ? x : y)
    } else if y.value == nil {
      result.append(x)
    } else {
      throw GraphError(.notBroadcastable(a, b))
    }
  }
  return result
}
