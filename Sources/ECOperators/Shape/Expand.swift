public import ECGraph
import ECTensor

/// An operand broadcast to extents, as numpy does.
///
/// Source: ONNX Expand 8-13; `tf.broadcast_to`.
public struct Expand: UncontractedOperator {
  /// The extents that are asked for, aligned from the right; 1 asks for nothing.
  public var target: [Int]

  public var name: String { "Expand" }
  public var axes: AxisSignature { "… -> …" }
  public var attributeText: String { "\(target)" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let x = try operands.type(0)
    return [ValueType(x.elementType, try broadcastShape(x.shape, target.map { .fixed($0) }))]
  }

  public func couple(_ coupling: inout Coupling) {
    guard let labels = coupling.labels[0] else { return }
    let missing = coupling.results[0].rank - labels.shape.count
    coupling.setResult(
      0,
      LabelArray(shape: [Int](repeating: 1, count: missing) + labels.shape, ids: labels.ids))
  }

  public func cut(_ cut: Cut) throws(GraphError) -> any Operator {
    var other = self
    let missing = cut.results[0].rank - target.count
    for axis in target.indices where target[axis] != 1 {
      if let keep = cut.resultKeeps[0][axis + missing] { other.target[axis] = keep.count }
    }
    return other
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    guard operands.types[0]?.rank == 4, target.count <= 4 else {
      return .keepsBelowImages(self, operands)
    }
    let full = [Int](repeating: 1, count: 4 - target.count) + target
    return .becomes(Expand(target: from.order(to: to, rank: 4).map { full[$0] }))
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard var x = values[0] else { throw GraphError(.missingOperand(0)) }
    let rank = max(x.shape.count, target.count)
    let full = [Int](repeating: 1, count: rank - target.count) + target
    x = builder.reshape(x, [Int](repeating: 1, count: rank - x.shape.count) + x.shape)
    for axis in 0..<rank where x.shape[axis] == 1 && full[axis] > 1 {
      x = builder.gather(x, axis: axis, positions: [Int](repeating: 0, count: full[axis]))
    }
    return [x]
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    guard let x = context.operands.types[0], target.count <= x.rank else { return nil }
    var chain = LayerChain()
    for (axis, wanted) in zip((x.rank - target.count)..., target) where wanted > 1 {
      guard let extent = x.shape[axis].value else { return nil }
      if extent == 1, !chain.repeatWhole(wanted, axis: axis) { return nil }
    }
    return chain.exported
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    let shape = Tensor(target, shape: [target.count])
    return ExportedNodes(
      FormatNode("Expand", inputs: [.operand(0), .constant(shape, suffix: "shape")]))
  }
}
