public import ECGraph
import ECTensor

/// Normalization over groups of neighbouring channels and the picture, then a scale and a shift per
/// channel.
///
/// Source: ONNX GroupNormalization 18-21; Keras GroupNormalization.
public struct GroupNorm: UncontractedOperator {
  /// The number of groups.
  public var groups: Int
  /// What is added to the variance.
  public let epsilon: Double
  var layout: ImageLayout
  /// The number of axes of the operand.
  let rank: Int

  public var name: String { "GroupNorm" }
  var spatialRank: Int { rank - 2 }

  public var axes: AxisSignature {
    let x = layout.of((["n", "c"] + (0..<spatialRank).map { "s\($0)" }).joined(separator: " "))
    return AxisSignature("\(x), c, c -> \(x)")
  }

  public var attributeText: String {
    "groups=\(groups) epsilon=\(epsilon)" + (layout == .channelsLast ? " nhwc" : "")
  }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let extents = try axes.bind(operands)
    guard groups >= 1, let channels = extents["c"]?.value, channels % groups == 0 else {
      throw GraphError(.refused("its channels can't be parted into \(groups) groups"))
    }
    return [try operands.type(0)]
  }

  public func couple(_ coupling: inout Coupling) {
    guard let labels = coupling.labels[0], let x = coupling.operands.types[0], !labels.isNone else {
      return
    }
    let axis = layout.channelAxis(rank: rank)
    guard let channels = x.shape[axis].value, let ids = labels.vector(axis: axis, count: channels),
      coupling.operands.constants[1] != nil, coupling.operands.constants[2] != nil, groups > 1
    else { return coupling.barrier("it is normalized over its channels (GroupNorm)") }
    // Whole groups may leave.
    let size = channels / groups
    for k in 1..<max(size, 2) where k < size {
      coupling.unite(
        (0..<groups).map { ids[$0 * size] }, (0..<groups).map { ids[$0 * size + k] })
    }
    coupling.tie(operand: 1, axis: 0, ids, as: .follower)
    coupling.tie(operand: 2, axis: 0, ids, as: .follower)
    coupling.setResult(0, labels)
  }

  public func cut(_ cut: Cut) throws(GraphError) -> any Operator {
    let axis = layout.channelAxis(rank: rank)
    guard let kept = cut.operandKeeps[0][axis],
      let channels = cut.operands.types[0]?.shape[axis].value
    else { return self }
    let size = channels / groups
    let left = Set(kept.map { $0 / size }).count
    guard left * size == kept.count else {
      throw GraphError(.cutNotRectangular("a group of a normalization would lose channels"))
    }
    var other = self
    other.groups = left
    return other
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0], let scale = values[1], let shift = values[2] else {
      throw GraphError(.missingOperand(1))
    }
    let toFirst = layout.order(to: .channelsFirst, rank: rank)
    let image = builder.transpose(x, toFirst)
    let (batch, channels) = (image.shape[0], image.shape[1])
    let parted = builder.reshape(
      image, [batch, groups, channels / groups] + image.shape.dropFirst(2))
    let normal = builder.normalized(parted, axes: Array(2...rank), epsilon: epsilon)
    let whole = builder.reshape(normal, image.shape)
    let form = [channels] + [Int](repeating: 1, count: spatialRank)
    let scaled = builder.binary(.multiply, whole, builder.reshape(scale, form))
    let y = builder.binary(.add, scaled, builder.reshape(shift, form))
    return [builder.transpose(y, ImageLayout.channelsFirst.order(to: layout, rank: rank))]
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    groupLayer(
      context, groups: groups, epsilon: epsilon,
      axis: layout == .channelsFirst ? 1 : -1)
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    guard layout == .channelsFirst else { return nil }
    if context.opset >= 21 {
      return ExportedNodes(
        FormatNode(
          "GroupNormalization",
          attributes: ["epsilon": .float(epsilon), "num_groups": .int(groups)],
          inputs: operandList(context)))
    }
    guard let scale = context.operands.constants[1], let shift = context.operands.constants[2],
      let x = context.operands.types[0], let rest = x.fixedShapeAfterBatch
    else { return nil }
    func vector(_ number: Float) -> Tensor {
      Tensor([Float](repeating: number, count: groups), shape: [groups])
    }
    let form = [scale.count] + [Int](repeating: 1, count: spatialRank)
    return ExportedNodes(
      FormatNode(
        "Reshape",
        inputs: [.operand(0), .constant(Tensor([0, groups, -1], shape: [3]), suffix: "parted")]),
      FormatNode(
        "InstanceNormalization", attributes: ["epsilon": .float(epsilon)],
        inputs: [
          .intermediate(0), .constant(vector(1), suffix: "ones"),
          .constant(vector(0), suffix: "zeros"),
        ]),
      FormatNode(
        "Reshape",
        inputs: [
          .intermediate(1), .constant(Tensor([0] + rest, shape: [rank]), suffix: "whole"),
        ]),
      FormatNode(
        "Mul", inputs: [.intermediate(2), .constant(scale.reshaped(form), suffix: "scale")]),
      FormatNode(
        "Add", inputs: [.intermediate(3), .constant(shift.reshaped(form), suffix: "shift")]))
  }
}

extension GroupNorm: ImageOperator {}

/// The Keras layer of a normalization by groups of the channels on an axis, 1 or the last, from its
/// operands x, scale and shift.
func groupLayer(
  _ context: LayerContext, groups: Int, epsilon: Double, axis: Int
) -> ExportedLayers? {
  guard let scale = context.constant(1), let shift = context.constant(2) else { return nil }
  return ExportedLayers(
    FormatLayer(
      "GroupNormalization",
      config: [
        "groups": .int(groups), "axis": .int(axis), "epsilon": .float(epsilon),
        "center": .bool(true), "scale": .bool(true),
      ],
      weights: [FormatWeight("gamma", scale), FormatWeight("beta", shift)]))
}
