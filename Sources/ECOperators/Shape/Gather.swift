public import ECGraph
import ECTensor

/// Constant positions of one axis, which may repeat; the axis takes the shape of the positions.
///
/// Source: ONNX Gather 1-13 with constant indices; `x[:, 0]`.
public struct Gather: UncontractedOperator, AxisOperator {
  /// The axis, from the first.
  public var axis: Int
  /// The positions in row-major order; negative ones count from the end.
  public var positions: [Int]
  /// The extents that stand in place of the axis; none for a single position.
  public var form: [Int]

  public var name: String { "Gather" }
  public var axes: AxisSignature { "… -> …" }
  public var attributeText: String {
    "axis=\(axis) \(positions)" + (form.count == 1 ? "" : " form=\(form)")
  }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    var type = try operands.type(0)
    guard axis >= 0, axis < type.rank, form.reduce(1, *) == positions.count, !positions.isEmpty
    else { throw GraphError(.refused("axis \(axis) can't be gathered by \(positions.count)")) }
    if let extent = type.shape[axis].value,
      let stray = positions.first(where: { !(-extent..<extent).contains($0) })
    {
      throw GraphError(.refused("position \(stray) is outside an axis of \(extent)"))
    }
    type.shape.replaceSubrange(axis...axis, with: form.map { .fixed($0) })
    return [type]
  }

  /// The positions counted from the first, if they can be.
  private func resolved(_ extent: Int?) -> [Int]? {
    if let extent { return positions.map { $0 < 0 ? $0 + extent : $0 } }
    return positions.allSatisfy { $0 >= 0 } ? positions : nil
  }

  public func couple(_ coupling: inout Coupling) {
    guard let labels = coupling.labels[0], let type = coupling.operands.types[0] else { return }
    var shape = labels.shape
    guard labels.shape[axis] > 1 else {
      shape.replaceSubrange(axis...axis, with: form.map { _ in 1 })
      return coupling.setResult(0, LabelArray(shape: shape, ids: labels.ids))
    }
    guard let positions = resolved(type.shape[axis].value) else {
      return coupling.barrier("it is gathered from the end of an axis of unknown extent")
    }
    let gathered = labels.gathered(axis: axis, positions)
    shape.replaceSubrange(axis...axis, with: form)
    coupling.setResult(0, LabelArray(shape: shape, ids: gathered.ids).compressed())
  }

  public func cut(_ cut: Cut) throws(GraphError) -> any Operator {
    guard let kept = cut.operandKeeps[0][axis],
      let wanted = resolved(cut.operands.types[0]?.shape[axis].value)
    else { return self }
    var places: [Int: Int] = [:]
    for (place, position) in kept.enumerated() { places[position] = place }
    var other = self
    other.positions = wanted.compactMap { places[$0] }
    other.form = zip(axis..., form).map { cut.resultKeeps[0][$0]?.count ?? $1 }
    guard other.form.reduce(1, *) == other.positions.count else {
      throw GraphError(.cutNotRectangular("the kept positions don't fill the gathered axes"))
    }
    return other
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    guard operands.types[0]?.rank == 4 else { return .keepsBelowImages(self, operands) }
    guard form.count == 1 else { return .keeps }
    return .becomes(moved(from: from, to: to))
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0] else { throw GraphError(.missingOperand(0)) }
    guard let positions = resolved(x.shape[axis]) else { throw GraphError(.emptyResult) }
    var shape = x.shape
    shape.replaceSubrange(axis...axis, with: form)
    return [builder.reshape(builder.gather(x, axis: axis, positions: positions), shape)]
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    // Neighbours in order are a part of the axis.
    guard let x = context.operands.types[0], axis > 0, form.count <= 1,
      let taken = resolved(x.shape[axis].value), let first = taken.first,
      taken == Array(first..<(first + taken.count))
    else { return nil }
    var chain = LayerChain()
    guard chain.take(first..<(first + taken.count), axis: axis, of: x) else { return nil }
    if form.isEmpty {
      guard let extents = context.results[0].fixedShapeAfterBatch, !extents.isEmpty else {
        return nil
      }
      chain.reshape(extents)
    }
    return chain.exported
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    let indices = Tensor(positions, shape: form)
    return ExportedNodes(
      FormatNode(
        "Gather", attributes: ["axis": .int(axis)],
        inputs: [.operand(0), .constant(indices, suffix: "indices")]))
  }
}
