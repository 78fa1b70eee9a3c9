import ECGraph
import ECTensor

/// Normalizations of ONNX.
extension OperatorTable {
  static let onnxNormalizationRules: [ONNXRule] = [
    ONNXRule("BatchNormalization") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      guard node.int("training_mode", default: 0) == 0 else {
        throw FormatError(.unsupported("batch normalization in training mode isn't supported"))
      }
      guard node.int("spatial", default: 1) == 1 else {
        throw FormatError(.unsupported("batch normalization of single elements isn't supported"))
      }
      let rank = sketch.type(of: try node.operand(inputs, 0)).rank
      let op = BatchNorm(epsilon: node.epsilon, axis: min(1, rank - 1), rank: rank)
      return try sketch.apply(op, Array(inputs.prefix(5)))
    },
    layerNorm("LayerNormalization", isRootMeanSquare: false),
    layerNorm("RMSNormalization", isRootMeanSquare: true),
    ONNXRule("InstanceNormalization") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      try sketch.apply(InstanceNorm(epsilon: node.epsilon), inputs)
    },
    ONNXRule("GroupNormalization") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let type = sketch.type(of: try node.operand(inputs, 0))
      guard let groups = node.attributes["num_groups"]?.int else {
        throw FormatError(.missingAttribute("num_groups"))
      }
      var operands = inputs
      if node.opset < 21 {
        // One number a group; from opset 21 on one a channel.
        guard type.rank >= 2, let channels = type.shape[1].value, groups >= 1 else {
          throw FormatError(.unsupported("group normalization of unknown channels"))
        }
        for (position, name) in [(1, "scale"), (2, "bias")] {
          guard let vector = try sketch.constant(inputs, position) else { continue }
          guard vector.shape == [groups] else {
            throw FormatError(.weightShape(name, found: vector.shape, expected: [groups]))
          }
          let positions = (0..<channels).map { $0 / max(1, channels / groups) }
          guard positions.allSatisfy({ $0 < groups }) else {
            throw FormatError(
              .badAttribute("num_groups", value: "\(groups)", expected: "a part of \(channels)"))
          }
          operands[position] = sketch.constant(
            name, vector.gathered(axis: 0, positions).materialized())
        }
      }
      let op = GroupNorm(
        groups: groups, epsilon: node.epsilon, layout: .channelsFirst, rank: type.rank)
      return try sketch.apply(op, operands)
    },
    ONNXRule("LRN") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      guard let size = node.attributes["size"]?.int else {
        throw FormatError(.missingAttribute("size"))
      }
      let op = LocalResponseNorm(
        size: size, alpha: node.float("alpha", default: 1e-4),
        beta: node.float("beta", default: 0.75), bias: node.float("bias", default: 1))
      return try sketch.apply(op, [try node.operand(inputs, 0)])
    },
    ONNXRule("LpNormalization") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try node.operand(inputs, 0)
      let axis = try node.axis(node.int("axis", default: -1), rank: sketch.type(of: x).rank)
      let kind = node.int("p", default: 2) == 1 ? ReductionKernel.l1 : .l2
      let norm = try sketch.apply(
        Reduce(kind: kind, reducedAxes: [axis], keepDims: true), [x], suffix: "norm")[0]
      // Zeros stay zeros.
      let least = sketch.constant("least", Tensor(scalar: Float.leastNormalMagnitude))
      let divisor = try sketch.apply(
        Elementwise(kind: .maximum), [norm, least], suffix: "divisor")[0]
      return try sketch.apply(Elementwise(kind: .divide), [x, divisor])
    },
  ]

  private static func layerNorm(_ type: String, isRootMeanSquare: Bool) -> ONNXRule {
    ONNXRule(type) { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let rank = sketch.type(of: try node.operand(inputs, 0)).rank
      let axis = try node.axis(node.int("axis", default: -1), rank: rank)
      var operands = inputs
      for position in 1..<inputs.count {
        // Leading axes of one element say nothing.
        guard let parameter = try sketch.constant(inputs, position),
          parameter.shape.count > rank - axis,
          parameter.shape.dropLast(rank - axis).allSatisfy({ $0 == 1 })
        else { continue }
        operands[position] = sketch.constant(
          position == 1 ? "scale" : "bias",
          parameter.reshaped(parameter.shape.suffix(rank - axis)))
      }
      let op = LayerNorm(
        normalized: Array(axis..<rank), epsilon: node.epsilon, isRootMeanSquare: isRootMeanSquare)
      return try sketch.apply(op, operands)
    }
  }
}

extension ONNXNode {
  /// What is added to variances.
  fileprivate var epsilon: Double { attributes["epsilon"]?.double ?? 1e-5 }
}
