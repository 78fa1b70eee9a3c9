public import ECGraph
import ECTensor

/// The same elements with other axes after the batch; windows may join the batch or leave it.
///
/// Source: ONNX Reshape 5-21; Keras Reshape.
public struct Reshape: UncontractedOperator {
  /// The extents after the batch; one may be -1.
  public let target: [Int]
  /// How many times as large the first extent becomes: 64 where a picture becomes 64 windows.
  public let batch: Ratio

  /// Makes a reshape.
  /// - Precondition: no extent is -1 where the batch changes.
  public init(target: [Int], batch: Ratio = .one) {
    precondition(batch == .one || !target.contains { $0 < 0 })
    self.target = target
    self.batch = batch
  }

  public var name: String { "Reshape" }
  public var axes: AxisSignature { "… -> …" }
  public var attributeText: String {
    batch == .one ? "\(target)" : "\(target) batch*\(batch.numerator)/\(batch.denominator)"
  }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let x = try operands.type(0)
    guard let first = x.shape.first else {
      throw GraphError(.rank(operand: 0, expected: 1, found: 0))
    }
    guard let batch = first.scaled(by: batch) else {
      throw GraphError(.elementCount(from: x.shape, to: target))
    }
    guard let extents = x.fixedShapeAfterBatch else {
      let stated = boundedProduct(target.filter { $0 >= 0 }) ?? 0
      let isSingle = self.batch == .one && target.count(where: { $0 < 0 }) == 1
      let open = isSingle ? remainder(of: Array(x.shape.dropFirst()), over: stated) : nil
      let known = target.map { $0 < 0 ? open ?? .symbolic("") : .fixed($0) }
      return [ValueType(x.elementType, [batch] + known)]
    }
    guard target.allSatisfy({ $0.magnitude <= 1 << 31 }), target.count <= 16,
      let row = boundedProduct(extents), let count = split(row),
      let stated = boundedProduct(target.filter { $0 >= 0 })
    else { throw GraphError(.elementCount(from: x.shape, to: target)) }
    let open = target.filter { $0 < 0 }.count
    guard open <= 1, open == 1 ? stated > 0 && count % stated == 0 : stated == count else {
      throw GraphError(.elementCount(from: x.shape, to: target))
    }
    let resolved = target.map { Dimension.fixed($0 < 0 ? count / max(stated, 1) : $0) }
    return [ValueType(x.elementType, [batch] + resolved)]
  }

  /// The elements of a row after the reshape, of one that has `row` elements before.
  private func split(_ row: Int) -> Int? {
    let (product, overflows) = row.multipliedReportingOverflow(by: batch.denominator)
    return overflows || product % batch.numerator != 0 ? nil : product / batch.numerator
  }

  public func couple(_ coupling: inout Coupling) {
    if batch == .one {
      return coupling.reshape(
        keepsBatch: true, unless: "the extents of its channels after the reshape are unknown")
    }
    guard let labels = coupling.labels[0], !labels.isNone else { return }
    guard let before = coupling.operands.types[0]?.fixedShapeAfterBatch,
      let after = coupling.results[0].fixedShapeAfterBatch
    else { return coupling.barrier("the extents of the reshape are unknown") }
    // So many rows hold the same elements before and after.
    let row = labels.expanded(to: [labels.shape[0]] + before)
    guard labels.shape[0] == 1 else { return coupling.barrier("the batch is labelled") }
    let ids = [[Int32]](repeating: row.ids, count: batch.denominator).flatMap { $0 }
    let rows = LabelArray(shape: [batch.numerator] + after, ids: ids)
    let first = rows.gathered(axis: 0, [0])
    guard first.expanded(to: rows.shape) == rows else {
      return coupling.barrier("it is reshaped into the batch axis")
    }
    coupling.setResult(0, first.compressed())
  }

  public func cut(_ cut: Cut) throws(GraphError) -> any Operator {
    let shape = cut.resultShape().dropFirst().compactMap(\.value)
    return shape.count == target.count ? Reshape(target: shape, batch: batch) : self
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    guard batch == .one, let x = operands.types[0], let type = try? infer(operands).first,
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
    guard let x = values[0], let first = x.shape.first else { throw GraphError(.missingOperand(0)) }
    let count = x.shape.dropFirst().reduce(1, *)
    let stated = target.filter { $0 >= 0 }.reduce(1, *)
    let rows = first * batch.numerator / batch.denominator
    return [builder.reshape(x, [rows] + target.map { $0 < 0 ? count / max(stated, 1) : $0 })]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    // 0 copies the extent; -1 takes what the others leave.
    let first = batch == .one ? 0 : -1
    let shape = Tensor([first] + target, shape: [target.count + 1])
    return ExportedNodes(
      FormatNode("Reshape", inputs: [.operand(0), .constant(shape, suffix: "shape")]))
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    guard batch == .one else { return nil }
    return ExportedLayers(FormatLayer("Reshape", config: ["target_shape": .ints(target)]))
  }
}

/// What extents leave for the open one of a reshape beside `stated` elements, where one of them is a
/// number with a name: a multiple of it, or `nil` where that isn't sure.
func remainder(of extents: [Dimension], over stated: Int) -> Dimension? {
  let symbols = extents.compactMap(\.symbol)
  guard symbols.count == 1, let symbol = symbols.first, !symbol.name.isEmpty, stated > 0,
    let count = boundedProduct(extents.compactMap(\.value) + [symbol.factor]), count > 0,
    count % stated == 0
  else { return nil }
  return .times(count / stated, symbol.name)
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
