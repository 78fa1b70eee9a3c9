public import ECGraph
public import ECTensor

/// Whole numbers that stand for the elements: `y = round(x / scale) + zeroPoint`, within the range of
/// their type.
///
/// Operands: x, scale, zero point (optional), both one number or one per position of an axis.
/// Source: ONNX QuantizeLinear 10-23 with constant scales, without blocks.
public struct Quantize: QuantizationOperator {
  /// The type of the whole numbers.
  public let elementType: ElementType
  var axis: Int

  public var name: String { "QuantizeLinear" }
  public var attributeText: String { "\(elementType.name) axis=\(axis)" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    [ValueType(elementType, try checked(operands).shape)]
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0], let scale = along(values, 1, builder) else {
      throw GraphError(.missingOperand(1))
    }
    var result = builder.unary(.round, builder.binary(.divide, x, scale))
    if let zero = along(values, 2, builder) { result = builder.binary(.add, result, zero) }
    guard let range = elementType.integerRange else { return [result] }
    let clip = UnaryKernel.clip(low: Float(range.lowerBound), high: Float(range.upperBound))
    return [builder.unary(clip, result)]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    // Without zero points the type is unsigned bytes, or named since opset 21.
    var attributes = attributes(context)
    if !context.operands.has(2), elementType != .uint8 {
      guard context.opset >= 21 else { return nil }
      attributes["output_dtype"] = .int(Int(elementType.rawValue))
    }
    return nodes(context, attributes)
  }
}

/// The numbers that whole numbers stand for: `y = (x − zeroPoint) · scale`.
///
/// Operands: x, scale, zero point (optional), both one number or one per position of an axis.
/// Source: ONNX DequantizeLinear 10-23 with constant scales, without blocks.
public struct Dequantize: QuantizationOperator {
  var axis: Int

  public var name: String { "DequantizeLinear" }
  public var attributeText: String { "axis=\(axis)" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    [ValueType(try operands.type(1).elementType, try checked(operands).shape)]
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard var x = values[0], let scale = along(values, 1, builder) else {
      throw GraphError(.missingOperand(1))
    }
    if let zero = along(values, 2, builder) { x = builder.binary(.subtract, x, zero) }
    return [builder.binary(.multiply, x, scale)]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    nodes(context, attributes(context))
  }
}

/// An operator between numbers and the whole numbers that stand for them.
public protocol QuantizationOperator: UncountedOperator, UncontractedOperator {}

/// What both directions have in common; scales stand along the axis.
protocol AxisQuantization: QuantizationOperator, AxisOperator {}

extension Quantize: AxisQuantization {}
extension Dequantize: AxisQuantization {}

extension AxisQuantization {
  public var axes: AxisSignature { "…, …, … -> …" }

  /// The type of the operand, once scales and zero points fit its axis.
  fileprivate func checked(_ operands: Operands) throws(GraphError) -> ValueType {
    let x = try operands.type(0)
    for position in 1...2 where operands.has(position) {
      let vector = try operands.type(position)
      if vector.rank == 0 || vector.shape == [1] { continue }
      guard vector.rank == 1, x.shape.indices.contains(axis) else {
        throw GraphError(.rank(operand: position, expected: 1, found: vector.rank))
      }
      if let count = vector.shape[0].value, let extent = x.shape[axis].value, count != extent {
        throw GraphError(.axisDiffers(letter: "c", first: extent, second: count))
      }
    }
    return x
  }

  public func couple(_ coupling: inout Coupling) {
    guard let labels = coupling.labels[0] else { return }
    coupling.setResult(0, labels)
    for position in 1...2 {
      guard coupling.operands.has(position), let vector = coupling.operands.constants[position],
        vector.count > 1, labels.shape[axis] > 1
      else { continue }
      guard let ids = labels.vector(axis: axis, count: vector.count) else {
        coupling.freeze(labels.ids, because: "its scales stand along another axis")
        continue
      }
      coupling.tie(operand: position, axis: 0, ids, as: .follower)
    }
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? { nil }

  /// A scale or zero point, arranged to meet the axis.
  fileprivate func along(
    _ values: [KernelValue?], _ position: Int, _ builder: any KernelBuilder
  ) -> KernelValue? {
    guard position < values.count, let vector = values[position], let x = values[0] else {
      return nil
    }
    let count = vector.shape.reduce(1, *)
    var shape = [Int](repeating: 1, count: x.shape.count)
    if count > 1 { shape[axis] = count }
    return builder.reshape(vector, shape)
  }

  /// The axis counts only for several scales.
  fileprivate func attributes(_ context: ExportContext) -> FormatObject {
    let isSingle = context.operands.constants[1].map { $0.count == 1 } ?? false
    return isSingle ? [:] : ["axis": .int(axis)]
  }

  fileprivate func nodes(_ context: ExportContext, _ attributes: FormatObject) -> ExportedNodes? {
    // An axis can be named since opset 13.
    guard context.opset >= (attributes["axis"] == nil ? 10 : 13) else { return nil }
    return ExportedNodes(
      FormatNode(
        name, attributes: attributes,
        inputs: (0..<(context.operands.has(2) ? 3 : 2)).map { .operand($0) }))
  }
}
