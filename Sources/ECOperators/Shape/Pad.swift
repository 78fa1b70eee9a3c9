public import ECGraph
import ECTensor

/// Adds cells of one value before and after each axis.
///
/// Source: ONNX Pad 11-21 in constant mode; Keras ZeroPadding2D.
public struct Pad: UncountedOperator, UncontractedOperator {
  /// Cells before each axis.
  public var begin: [Int]
  /// Cells after each axis.
  public var end: [Int]
  /// The value of the cells.
  public let value: Float

  public var name: String { "Pad" }
  public var axes: AxisSignature { "… -> …" }
  public var attributeText: String { "\(begin)+\(end)" + (value == 0 ? "" : " value=\(value)") }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let x = try operands.type(0)
    guard begin.count == x.rank else {
      throw GraphError(.rank(operand: 0, expected: begin.count, found: x.rank))
    }
    for k in begin.indices {
      if let extent = x.shape[k].value, extent + begin[k] + end[k] < 1 {
        throw GraphError(.emptyResult)
      }
    }
    return [
      ValueType(
        x.elementType,
        x.shape.indices.map { k in
          begin[k] + end[k] == 0
            ? x.shape[k] : x.shape[k].value.map { .fixed($0 + begin[k] + end[k]) } ?? .symbolic("")
        })
    ]
  }

  public func couple(_ coupling: inout Coupling) {
    guard let labels = coupling.labels[0] else { return }
    if labels.varyingAxes.contains(where: { begin[$0] != 0 || end[$0] != 0 }) {
      return coupling.freeze(labels.ids, because: "channels are added by padding")
    }
    coupling.setResult(0, labels)
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    guard begin.count == 4 else { return .becomes(self) }
    let order = from.order(to: to, rank: 4)
    return .becomes(Pad(begin: order.map { begin[$0] }, end: order.map { end[$0] }, value: value))
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0] else { throw GraphError(.missingOperand(0)) }
    return [builder.pad(x, begin: begin, end: end, value: value)]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    var inputs: [FormatOperand] = [
      .operand(0), .constant(Tensor(begin + end, shape: [2 * begin.count]), suffix: "pads"),
    ]
    if value != 0 { inputs.append(.matching(Tensor(scalar: value), suffix: "value")) }
    return ExportedNodes(
      FormatNode("Pad", attributes: ["mode": .string("constant")], inputs: inputs))
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? { nil }
}
