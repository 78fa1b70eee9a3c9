public import ECGraph
import ECTensor

/// All axes after the batch in one.
///
/// Source: ONNX Flatten with axis 1; Keras Flatten (always in the order h, w, c).
public struct Flatten: UncountedOperator, UncontractedOperator {
  /// Makes a flatten.
  public init() {}

  public var name: String { "Flatten" }
  public var axes: AxisSignature { "… -> n f" }
  public var attributeText: String { "" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let x = try operands.type(0)
    var rest: Dimension?
    if let extents = x.fixedShapeAfterBatch {
      guard let product = boundedProduct(extents) else {
        throw GraphError(.refused("the flattened picture has too many elements"))
      }
      rest = .fixed(product)
    }
    return [ValueType(x.elementType, [x.shape.first ?? 1, rest ?? .symbolic("")])]
  }

  public func couple(_ coupling: inout Coupling) {
    coupling.reshape(keepsBatch: true, unless: "the size of the flattened picture is unknown")
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    guard operands.types[0]?.rank == 4 else { return .becomes(self) }
    guard let extents = operands.types[0]?.fixedShapeAfterBatch else { return .keeps }
    return .flattens(self, order: flattenOrder(extents, from: from, to: to))
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0], let batch = x.shape.first else { throw GraphError(.missingOperand(0)) }
    return [builder.reshape(x, [batch, x.shape.dropFirst().reduce(1, *)])]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    ExportedNodes(FormatNode("Flatten", attributes: ["axis": .int(1)], inputs: [.operand(0)]))
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    if context.operands.types[0]?.rank == 2 { return ExportedLayers() }
    return ExportedLayers(
      FormatLayer("Flatten", config: ["data_format": .string("channels_last")]))
  }
}

/// For every position of a picture flattened in layout `to`, its position when flattened in `from`.
///
/// `extents` are those after the batch, in layout `from`.
func flattenOrder(_ extents: [Int], from: ImageLayout, to: ImageLayout) -> [Int] {
  let order = from.order(to: to, rank: extents.count + 1).dropFirst().map { $0 - 1 }
  var strides = [Int](repeating: 1, count: extents.count)
  for axis in extents.indices.dropLast().reversed() {
    strides[axis] = strides[axis + 1] * extents[axis + 1]
  }
  var positions = [0]
  for axis in order {
    positions = positions.flatMap { base in (0..<extents[axis]).map { base + $0 * strides[axis] } }
  }
  return positions
}
