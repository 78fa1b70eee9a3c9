public import ECGraph
import ECTensor

/// Normalization over some axes of each sample, by mean and variance or by the mean square, then a
/// learned scale and shift: `y = scale · (x - mean) / sqrt(variance + epsilon) + shift`.
///
/// Operands: x, scale, shift; the last two may be absent and have the extents of the normalized
/// axes. Source: ONNX LayerNormalization 17, RMSNormalization 23; Keras LayerNormalization,
/// RMSNormalization.
public struct LayerNorm: UncountedOperator, UncontractedOperator {
  /// The axes that are normalized together, ascending.
  public let normalized: [Int]
  /// What is added to the variance.
  public let epsilon: Double
  /// Whether the mean stays, and the mean square stands in for the variance.
  public let isRootMeanSquare: Bool

  public var name: String { isRootMeanSquare ? "RMSNorm" : "LayerNorm" }
  public var axes: AxisSignature { "… -> …" }
  public var attributeText: String { "axes=\(normalized) epsilon=\(epsilon)" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let x = try operands.type(0)
    guard !normalized.isEmpty, normalized.allSatisfy({ $0 >= 0 && $0 < x.rank }) else {
      throw GraphError(.refused("axes \(normalized) are outside the operand's \(x.rank) axes"))
    }
    for position in 1..<max(1, operands.count) where operands.has(position) {
      let parameter = try operands.type(position).shape
      let extents = normalized.map { x.shape[$0] }
      guard parameter.count == extents.count,
        zip(parameter, extents).allSatisfy({ $0.value == nil || $1.value == nil || $0 == $1 })
      else { throw GraphError(.notBroadcastable(x.shape, parameter)) }
    }
    return [x]
  }

  public func couple(_ coupling: inout Coupling) {
    guard let labels = coupling.labels[0] else { return }
    guard coupling.labels.dropFirst().allSatisfy({ $0 == nil }) else {
      return coupling.barrier("its scale is computed")
    }
    let reason = "it is normalized over its channels (\(name))"
    if normalized.contains(where: { labels.shape[$0] > 1 }) {
      return coupling.freeze(labels.ids, because: reason)
    }
    coupling.setResult(0, labels)
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    operands.types[0]?.rank == 4 ? .keeps : .becomes(self)
  }

  /// A parameter's extents for broadcasting against the operand.
  private func form(_ parameter: [Int], rank: Int) -> [Int] {
    let last = normalized.last ?? 0
    return (normalized[0]...last).map { axis in
      normalized.firstIndex(of: axis).map { parameter[$0] } ?? 1
    } + [Int](repeating: 1, count: rank - 1 - last)
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0] else { throw GraphError(.missingOperand(0)) }
    var y = builder.normalized(
      x, axes: normalized, epsilon: epsilon, isRootMeanSquare: isRootMeanSquare)
    for (position, kind) in [(1, BinaryKernel.multiply), (2, .add)] {
      guard position < values.count, let parameter = values[position] else { continue }
      let shape = form(parameter.shape, rank: x.shape.count)
      y = builder.binary(kind, y, builder.reshape(parameter, shape))
    }
    return [y]
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    // tf-keras has no layer for the mean square.
    guard !isRootMeanSquare, normalized.allSatisfy({ $0 > 0 }), context.isFixed(1),
      context.isFixed(2)
    else { return nil }
    let parameters = [("gamma", context.constant(1)), ("beta", context.constant(2))]
    return ExportedLayers(
      FormatLayer(
        "LayerNormalization",
        config: [
          "axis": .ints(normalized), "epsilon": .float(epsilon),
          "center": .bool(parameters[1].1 != nil), "scale": .bool(parameters[0].1 != nil),
        ],
        weights: parameters.compactMap { name, tensor in tensor.map { FormatWeight(name, $0) } }))
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    guard let rank = context.operands.types[0]?.rank else { return nil }
    let isTrailing = normalized == Array((rank - normalized.count)..<rank)
    if isTrailing, context.operands.has(1), context.opset >= (isRootMeanSquare ? 23 : 17) {
      return ExportedNodes(
        FormatNode(
          isRootMeanSquare ? "RMSNormalization" : "LayerNormalization",
          attributes: ["axis": .int(normalized[0] - rank), "epsilon": .float(epsilon)],
          inputs: operandList(context)))
    }
    var nodes = StatisticNodes(context, over: normalized)
    nodes.normalize(epsilon: epsilon, isRootMeanSquare: isRootMeanSquare)
    for (position, type) in [(1, "Mul"), (2, "Add")] where context.operands.has(position) {
      guard let parameter = context.operands.constants[position] else { return nil }
      let moved = parameter.reshaped(form(parameter.shape, rank: rank))
      nodes.append(type, [nodes.last, .constant(moved, suffix: position == 1 ? "scale" : "shift")])
    }
    return nodes.exported
  }
}

/// A normalization in operators that every opset has.
struct StatisticNodes {
  private(set) var exported = ExportedNodes()
  private let axes: [Int]
  private let opset: Int

  init(_ context: ExportContext, over axes: [Int]) {
    self.axes = axes
    opset = context.opset
  }

  /// The result of the last node.
  var last: FormatOperand {
    exported.nodes.isEmpty ? .operand(0) : .intermediate(exported.nodes.count - 1)
  }

  mutating func append(_ type: String, _ inputs: [FormatOperand], _ attributes: FormatObject = [:])
  {
    exported.nodes.append(FormatNode(type, attributes: attributes, inputs: inputs))
  }

  private mutating func mean(of x: FormatOperand, _ suffix: String) {
    if opset >= 18 {
      let list = Tensor(axes, shape: [axes.count])
      append("ReduceMean", [x, .constant(list, suffix: suffix)], ["keepdims": .int(1)])
    } else {
      append("ReduceMean", [x], ["axes": .ints(axes), "keepdims": .int(1)])
    }
  }

  /// `(x - mean) / sqrt(variance + epsilon)` of the operand.
  mutating func normalize(epsilon: Double, isRootMeanSquare: Bool) {
    var centred = FormatOperand.operand(0)
    if !isRootMeanSquare {
      mean(of: .operand(0), "mean_axes")
      append("Sub", [.operand(0), last])
      centred = last
    }
    append("Mul", [centred, centred])
    mean(of: last, "variance_axes")
    append("Add", [last, .constant(Tensor(scalar: Float(epsilon)), suffix: "epsilon")])
    append("Sqrt", [last])
    append("Div", [centred, last])
  }
}

extension KernelBuilder {
  /// `(x - mean) / sqrt(variance + epsilon)` over some axes.
  func normalized(
    _ x: KernelValue, axes: [Int], epsilon: Double, isRootMeanSquare: Bool = false
  ) -> KernelValue {
    var centred = x
    if !isRootMeanSquare {
      centred = binary(.subtract, x, reduction(.mean, x, axes: axes, keepDims: true))
    }
    let square = binary(.multiply, centred, centred)
    let variance = reduction(.mean, square, axes: axes, keepDims: true)
    let deviation = unary(.sqrt, unary(.linear(scale: 1, shift: Float(epsilon)), variance))
    return binary(.divide, centred, deviation)
  }
}
