public import ECGraph
import ECTensor

/// The same elements with other axes after the batch.
///
/// Source: ONNX Reshape 5-21; Keras Reshape.
public struct Reshape: UncontractedOperator {
  /// The extents after the batch; one may be -1.
  public let target: [Int]

  /// Makes a reshape.
  public init(target: [Int]) {
    self.target = target
  }

  public var name: String { "Reshape" }
  public var axes: AxisSignature { "… -> …" }
  public var attributeText: String { "\(target)" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let x = try operands.type(0)
    guard let batch = x.shape.first else {
      throw GraphError(.rank(operand: 0, expected: 1, found: 0))
    }
    guard let extents = x.fixedShapeAfterBatch else {
      let known = target.map { $0 < 0 ? Dimension.symbolic("") : .fixed($0) }
      return [ValueType(x.elementType, [batch] + known)]
    }
    guard target.allSatisfy({ $0.magnitude <= 1 << 31 }), target.count <= 16,
      let count = boundedProduct(extents), let stated = boundedProduct(target.filter { $0 >= 0 })
    else { throw GraphError(.elementCount(from: x.shape, to: target)) }
    let open = target.filter { $0 < 0 }.count
    guard open <= 1, open == 1 ? stated > 0 && count % stated == 0 : stated == count else {
      throw GraphError(.elementCount(from: x.shape, to: target))
    }
    let resolved = target.map { Dimension.fixed($0 < 0 ? count / max(stated, 1) : $0) }
    return [ValueType(x.elementType, [batch] + resolved)]
  }

  public func couple(_ coupling: inout Coupling) {
    coupling.reshape(
      keepsBatch: true, unless: "the extents of its channels after the reshape are unknown")
  }

  public func cut(_ cut: Cut) throws(GraphError) -> any Operator {
    let shape = cut.resultShape().dropFirst().compactMap(\.value)
    return shape.count == target.count ? Reshape(target: shape) : self
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    guard let x = operands.types[0], let type = try? infer(operands).first,
      let before = x.fixedShapeAfterBatch, let after = type.fixedShapeAfterBatch
    else { return .keeps }
    let isImageBefore = x.rank == 4
    let isImageAfter = type.rank == 4
    func isPoint(_ extents: [Int]) -> Bool {
      from.spatialAxes(rank: 4).allSatisfy { extents[$0 - 1] == 1 }
    }
    if !isImageBefore && !isImageAfter { return .becomes(self) }
    if isImageAfter && isPoint(after) && (!isImageBefore || isPoint(before)) {
      let order = from.order(to: to, rank: 4).dropFirst().map { after[$0 - 1] }
      return .becomes(Reshape(target: order))
    }
    if isImageBefore && isPoint(before) && !isImageAfter { return .becomes(Reshape(target: after)) }
    if isImageBefore && after.count == 1 {
      return .flattens(self, order: flattenOrder(before, from: from, to: to))
    }
    return .keeps
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0], let batch = x.shape.first else { throw GraphError(.missingOperand(0)) }
    let count = x.shape.dropFirst().reduce(1, *)
    let stated = target.filter { $0 >= 0 }.reduce(1, *)
    return [builder.reshape(x, [batch] + target.map { $0 < 0 ? count / max(stated, 1) : $0 })]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    let shape = Tensor([0] + target, shape: [target.count + 1])
    return ExportedNodes(
      FormatNode("Reshape", inputs: [.operand(0), .constant(shape, suffix: "shape")]))
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    ExportedLayers(FormatLayer("Reshape", config: ["target_shape": .ints(target)]))
  }
}

/// The product of extents, or `nil` if it is beyond what any tensor has.
func boundedProduct(_ extents: [Int]) -> Int? {
  var product = 1
  for extent in extents {
    let (next, overflow) = product.multipliedReportingOverflow(by: extent)
    if overflow || next > 1 << 48 { return nil }
    product = next
  }
  return product
}
