public import ECGraph
import ECTensor

/// Operands one behind the other along an axis.
///
/// Source: ONNX Concat 4-13; Keras Concatenate.
public struct Concat: UncountedOperator, UncontractedOperator {
  /// The axis, from the first.
  public var axis: Int

  public var name: String { "Concat" }
  public var axes: AxisSignature { "… -> …" }
  public var attributeText: String { "axis=\(axis)" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    var type = try operands.type(0)
    guard axis >= 0, axis < type.rank else {
      throw GraphError(.refused("axis \(axis) is outside the operands' \(type.rank) axes"))
    }
    for position in 1..<max(1, operands.count) {
      let next = try operands.type(position)
      guard next.rank == type.rank else {
        throw GraphError(.rank(operand: position, expected: type.rank, found: next.rank))
      }
      for k in 0..<type.rank where k != axis {
        if type.shape[k].value == nil {
          type.shape[k] = next.shape[k].value == nil ? type.shape[k] : next.shape[k]
        } else if let a = type.shape[k].value, let b = next.shape[k].value, a != b {
          throw GraphError(.axisDiffers(letter: "\(k)", first: a, second: b))
        }
      }
      if let a = type.shape[axis].value, let b = next.shape[axis].value {
        type.shape[axis] = .fixed(a + b)
      } else {
        type.shape[axis] = .symbolic("")
      }
    }
    return [type]
  }

  public func couple(_ coupling: inout Coupling) {
    guard !coupling.operands.constants.contains(where: { $0 != nil }) else {
      return coupling.barrier("it is joined with a constant")
    }
    // Spelled out along the joined axis only: pictures may be large.
    var parts: [LabelArray] = []
    for (position, labels) in coupling.labels.enumerated() {
      guard let labels, let extent = coupling.operands.types[position]?.shape[axis].value,
        axis > 0
      else { return coupling.barrier("it is joined along an axis of unknown extent") }
      var shape = labels.shape
      shape[axis] = extent
      parts.append(labels.expanded(to: shape))
    }
    let isAlongChannels = coupling.labels.contains { ($0?.shape[axis] ?? 1) > 1 }
    if isAlongChannels || parts.allSatisfy(\.isNone) {
      return coupling.setResult(0, LabelArray.concatenated(parts, axis: axis).compressed())
    }
    // Joined along another axis: channels of the operands are one.
    var target = parts[0].shape
    for part in parts { for k in target.indices { target[k] = max(target[k], part.shape[k]) } }
    target[axis] = 1
    let first = parts[0].gathered(axis: axis, [0]).expanded(to: target)
    for part in parts.dropFirst() {
      coupling.unite(first.ids, part.gathered(axis: axis, [0]).expanded(to: target).ids)
    }
    coupling.setResult(0, first)
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    guard operands.types[0]?.rank == 4 else { return .becomes(self) }
    return .becomes(Concat(axis: from.axis(axis, in: to, rank: 4)))
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    [builder.concat(values.compactMap { $0 }, axis: axis)]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    ExportedNodes(
      FormatNode("Concat", attributes: ["axis": .int(axis)], inputs: operandList(context)))
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    guard axis > 0, context.operands.constants.allSatisfy({ $0 == nil }) else { return nil }
    if context.operands.count == 1 { return ExportedLayers() }
    return ExportedLayers(
      FormatLayer(
        "Concatenate", config: ["axis": .int(axis)],
        inputs: context.operands.types.indices.map { .operand($0) }))
  }
}
