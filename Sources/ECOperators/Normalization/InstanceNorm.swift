public import ECGraph
import ECTensor

/// Normalization of each channel of each sample over its picture, then a scale and a shift per
/// channel; channels stand on axis 1.
///
/// Source: ONNX InstanceNormalization 6-22.
public struct InstanceNorm: UncountedOperator, UncontractedOperator {
  /// What is added to the variance.
  public let epsilon: Double

  public var name: String { "InstanceNorm" }
  public var axes: AxisSignature { "n c …, c, c -> n c …" }
  public var attributeText: String { "epsilon=\(epsilon)" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    _ = try axes.bind(operands)
    return [try operands.type(0)]
  }

  public func couple(_ coupling: inout Coupling) {
    guard let labels = coupling.labels[0], !labels.isNone else { return }
    // Channels along the picture, as where groups were made by a reshape, are mixed.
    let picture = Array(2..<max(2, labels.shape.count))
    let reason = "it is normalized over its channels (InstanceNorm)"
    guard let left = coupling.collapse(labels, along: picture, because: reason) else { return }
    guard let count = coupling.operands.types[0]?.shape[1].value,
      let ids = left.vector(axis: 1, count: count),
      coupling.operands.constants[1] != nil, coupling.operands.constants[2] != nil
    else { return coupling.barrier("its channels stand along several axes here") }
    coupling.tie(operand: 1, axis: 0, ids, as: .follower)
    coupling.tie(operand: 2, axis: 0, ids, as: .follower)
    coupling.setResult(0, labels)
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    operands.types[0]?.rank == 4 ? .keeps : .becomes(self)
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0], let scale = values[1], let shift = values[2] else {
      throw GraphError(.missingOperand(1))
    }
    let rank = x.shape.count
    let form = [x.shape[1]] + [Int](repeating: 1, count: rank - 2)
    let y = builder.normalized(x, axes: Array(2..<rank), epsilon: epsilon)
    let scaled = builder.binary(.multiply, y, builder.reshape(scale, form))
    return [builder.binary(.add, scaled, builder.reshape(shift, form))]
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    guard let channels = context.constant(1)?.count else { return nil }
    return groupLayer(context, groups: channels, epsilon: epsilon, axis: 1)
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    ExportedNodes(
      FormatNode(
        "InstanceNormalization", attributes: ["epsilon": .float(epsilon)],
        inputs: operandList(context)))
  }
}
