public import ECGraph
import ECTensor

/// The same elements with other axes, where the batch doesn't stay the first axis by itself.
///
/// Source: ONNX Reshape 5-21 and Flatten 1-21, as in windows of attention that join the batch.
public struct BatchReshape: UncontractedOperator {
  /// The extents: 0 is the operand's own at this place, -1 what is left; at most one is -1.
  public var target: [Int]

  public var name: String { "BatchReshape" }
  public var axes: AxisSignature { "… -> …" }
  public var attributeText: String { "\(target)" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let x = try operands.type(0)
    guard target.allSatisfy({ $0 >= -1 && $0 <= 1 << 31 }), target.count <= 16,
      target.count(where: { $0 == -1 }) <= 1,
      zip(0..., target).allSatisfy({ $1 != 0 || $0 < x.rank })
    else { throw GraphError(.elementCount(from: x.shape, to: target)) }
    var shape = zip(0..., target).map { axis, extent in
      extent == 0 ? x.shape[axis] : extent == -1 ? .symbolic("") : .fixed(extent)
    }
    // Extents that stand on both sides under one name don't count.
    var before = x.shape
    var stated: [Dimension] = []
    for (axis, extent) in shape.enumerated() where target[axis] != -1 {
      if extent.value == nil, let place = before.firstIndex(of: extent) {
        before.remove(at: place)
      } else {
        stated.append(extent)
      }
    }
    let open = target.firstIndex(of: -1)
    guard stated.allSatisfy({ $0.value != nil }),
      let known = boundedProduct(stated.compactMap(\.value))
    else { return [ValueType(x.elementType, shape)] }
    guard let count = boundedProduct(before.compactMap(\.value)),
      before.allSatisfy({ $0.value != nil })
    else {
      if let open, let rest = remainder(of: before, over: known) { shape[open] = rest }
      return [ValueType(x.elementType, shape)]
    }
    guard open == nil ? known == count : known > 0 && count % known == 0 else {
      throw GraphError(.elementCount(from: x.shape, to: target))
    }
    if let open { shape[open] = .fixed(count / known) }
    return [ValueType(x.elementType, shape)]
  }

  public func couple(_ coupling: inout Coupling) {
    coupling.reshape(keepsBatch: false, unless: "it is reshaped into the batch axis")
  }

  public func cut(_ cut: Cut) throws(GraphError) -> any Operator {
    var other = self
    for (axis, keep) in cut.resultKeeps[0].enumerated() where target[axis] != 0 {
      if let keep { other.target[axis] = keep.count }
    }
    return other
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    let isImage = operands.types[0]?.rank == 4 || target.count == 4
    return isImage ? .keeps : .becomes(self)
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0] else { throw GraphError(.missingOperand(0)) }
    var shape = zip(0..., target).map { $1 == 0 ? x.shape[$0] : $1 }
    if let open = target.firstIndex(of: -1) {
      let known = shape.filter { $0 != -1 }.reduce(1, *)
      shape[open] = x.shape.reduce(1, *) / max(known, 1)
    }
    return [builder.reshape(x, shape)]
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? { nil }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    let shape = Tensor(target, shape: [target.count])
    return ExportedNodes(
      FormatNode("Reshape", inputs: [.operand(0), .constant(shape, suffix: "shape")]))
  }
}
