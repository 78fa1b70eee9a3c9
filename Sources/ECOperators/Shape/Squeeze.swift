public import ECGraph
import ECTensor

/// Axes of extent one leave, or come; where a `Reshape` can say that, it does.
///
/// Source: ONNX Squeeze and Unsqueeze 1-21.
public struct Squeeze: UncountedOperator, UncontractedOperator {
  /// Whether axes come.
  public let isInverse: Bool
  /// The axes that leave, of the operand, or that come, of the result; ascending.
  public let changed: [Int]

  public var name: String { isInverse ? "Unsqueeze" : "Squeeze" }
  public var axes: AxisSignature { "… -> …" }
  public var attributeText: String { "axes=\(changed)" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let x = try operands.type(0)
    let rank = isInverse ? x.rank + changed.count : x.rank
    guard changed.allSatisfy({ $0 >= 0 && $0 < rank }), Set(changed).count == changed.count else {
      throw GraphError(.refused("axes \(changed) are outside \(rank) axes"))
    }
    if let extent = changed.lazy.compactMap({ isInverse ? nil : x.shape[$0].value })
      .first(where: { $0 != 1 })
    {
      throw GraphError(.refused("an axis of \(extent) can't leave"))
    }
    return [ValueType(x.elementType, moved(x.shape, filling: 1))]
  }

  private func moved<Extent>(_ shape: [Extent], filling one: Extent) -> [Extent] {
    guard isInverse else {
      return shape.indices.filter { !changed.contains($0) }.map { shape[$0] }
    }
    var result = shape
    for axis in changed { result.insert(one, at: axis) }
    return result
  }

  public func couple(_ coupling: inout Coupling) {
    guard let labels = coupling.labels[0] else { return }
    coupling.setResult(0, LabelArray(shape: moved(labels.shape, filling: 1), ids: labels.ids))
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    let after = (operands.types[0]?.rank ?? 0) + (isInverse ? 1 : -1) * changed.count
    return operands.types[0]?.rank == 4 || after == 4 ? .keeps : .becomes(self)
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0] else { throw GraphError(.missingOperand(0)) }
    return [builder.reshape(x, moved(x.shape, filling: 1))]
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    guard let target = context.results[0].fixedShapeAfterBatch, !target.isEmpty,
      !changed.contains(0)
    else { return nil }
    return ExportedLayers(FormatLayer("Reshape", config: ["target_shape": .ints(target)]))
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    if context.opset < 13 {
      return ExportedNodes(
        FormatNode(name, attributes: ["axes": .ints(changed)], inputs: [.operand(0)]))
    }
    let axes = Tensor(changed, shape: [changed.count])
    return ExportedNodes(
      FormatNode(name, inputs: [.operand(0), .constant(axes, suffix: "axes")]))
  }
}
