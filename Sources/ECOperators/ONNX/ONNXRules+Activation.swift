import ECGraph
import ECTensor

/// Element-wise operators of ONNX.
extension OperatorTable {
  static let onnxActivationRules: [ONNXRule] =
    [
      unary("Relu") { _ in .relu }, unary("Sigmoid") { _ in .sigmoid },
      unary("Tanh") { _ in .tanh },
      unary("LeakyRelu") { .leakyRelu(slope: $0.float("alpha", default: 0.01)) },
      unary("Elu") { .elu(alpha: $0.float("alpha", default: 1)) },
      unary("Celu") { .celu(alpha: $0.float("alpha", default: 1)) },
      unary("HardSigmoid") {
        .hardSigmoid(alpha: $0.float("alpha", default: 0.2), beta: $0.float("beta", default: 0.5))
      },
      unary("HardSwish") { _ in .hardSwish }, unary("Mish") { _ in .mish },
      unary("Softplus") { _ in .softplus }, unary("Softsign") { _ in .softsign },
      unary("Gelu") { $0.string("approximate", default: "none") == "tanh" ? .geluTanh : .geluErf },
      unary("ThresholdedRelu") { .thresholdedRelu(alpha: $0.float("alpha", default: 1)) },
      unary("Exp") { _ in .exp }, unary("Log") { _ in .log }, unary("Sqrt") { _ in .sqrt },
      unary("Abs") { _ in .abs }, unary("Neg") { _ in .negate }, unary("Erf") { _ in .erf },
      unary("Reciprocal") { _ in .reciprocal }, unary("Floor") { _ in .floor },
      unary("Ceil") { _ in .ceil }, unary("Round") { _ in .round }, unary("Sign") { _ in .sign },
      unary("Sin") { _ in .sin }, unary("Cos") { _ in .cos },
      ONNXRule("Selu") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
        guard node.attributes.isEmpty else {
          throw FormatError(.unsupported("Selu with attributes isn't supported"))
        }
        return try sketch.apply(Activation(kind: .selu), inputs)
      },
      ONNXRule("Shrink") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
        let bound = node.float("lambd", default: 0.5)
        switch node.float("bias", default: 0) {
        case bound: return try sketch.apply(Activation(kind: .softShrink(bound: bound)), inputs)
        case 0: return try sketch.apply(Activation(kind: .hardShrink(bound: bound)), inputs)
        case let bias: throw FormatError(.unsupported("Shrink with bias \(bias) isn't supported"))
        }
      },
      ONNXRule("Clip") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
        let low = try sketch.constant(inputs, 1)?.floats().first
        let high = try sketch.constant(inputs, 2)?.floats().first
        let kind = UnaryKernel.clip(
          low: low ?? node.float("min", default: -.infinity),
          high: high ?? node.float("max", default: .infinity))
        return try sketch.apply(Activation(kind: kind), [try node.operand(inputs, 0)])
      },
      ONNXRule("PRelu") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
        try sketch.apply(PRelu(), inputs)
      },
      ONNXRule("Cast") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
        guard let number = node.attributes["to"]?.int else {
          throw FormatError(.missingAttribute("to"))
        }
        guard let type = Int32(exactly: number).flatMap(ElementType.init) else {
          throw FormatError(
            .badAttribute("to", value: "\(number)", expected: "an element type of numbers"))
        }
        let x = try node.operand(inputs, 0)
        return sketch.type(of: x).elementType == type ? [x] : try sketch.apply(Cast(to: type), [x])
      },
      softmax("Softmax", isLogarithm: false), softmax("LogSoftmax", isLogarithm: true),
    ]
    + [
      ("Add", BinaryKernel.add), ("Sub", .subtract), ("Mul", .multiply), ("Div", .divide),
      ("Pow", .power), ("Max", .maximum), ("Min", .minimum), ("Sum", .add),
    ].map { name, kind in
      ONNXRule(name) { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
        try combined(kind, node, inputs, &sketch)
      }
    }
    + [
      ONNXRule("Mean") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
        if inputs.count == 1 { return [try node.operand(inputs, 0)] }
        let sum = try combined(.add, node, inputs, &sketch, suffix: "sum")
        let share = Activation(kind: .linear(scale: 1 / Float(inputs.count), shift: 0))
        return try sketch.apply(share, sum)
      }
    ]

  /// A function of two operands applied to any number of them, from the first on.
  private static func combined(
    _ kind: BinaryKernel, _ node: ONNXNode, _ inputs: [ValueID?], _ sketch: inout Sketch,
    suffix: String = ""
  ) throws(FormatError) -> [ValueID] {
    var result = [try node.operand(inputs, 0)]
    for position in 1..<max(1, inputs.count) {
      let isLast = position == inputs.count - 1
      result = try sketch.apply(
        Elementwise(kind: kind), [result[0], try node.operand(inputs, position)],
        suffix: isLast ? suffix : "partial\(position)")
    }
    return result
  }

  private static func unary(
    _ type: String, _ kind: @escaping @Sendable (ONNXNode) -> UnaryKernel
  ) -> ONNXRule {
    ONNXRule(type) { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      try sketch.apply(Activation(kind: kind(node)), [try node.operand(inputs, 0)])
    }
  }

  /// Before opset 13 all axes from `axis` on are flattened together: the same only for the last.
  private static func softmax(_ type: String, isLogarithm: Bool) -> ONNXRule {
    ONNXRule(type) { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try node.operand(inputs, 0)
      let shape = sketch.type(of: x).shape
      let axis = try node.axis(
        node.int("axis", default: node.opset < 13 ? 1 : -1), rank: shape.count)
      if node.opset < 13, shape[(axis + 1)...].contains(where: { $0.value != 1 }) {
        return try flattenedSoftmax(isLogarithm, from: axis, x, &sketch)
      }
      return try sketch.apply(Softmax(axis: axis, isLogarithm: isLogarithm), [x])
    }
  }

  /// A softmax over all axes from one on.
  private static func flattenedSoftmax(
    _ isLogarithm: Bool, from axis: Int, _ x: ValueID, _ sketch: inout Sketch
  ) throws(FormatError) -> [ValueID] {
    guard axis > 0, let extents = sketch.type(of: x).fixedShapeAfterBatch,
      let count = boundedProduct(Array(extents[(axis - 1)...]))
    else { throw FormatError(.unsupported("a softmax over unknown extents isn't supported")) }
    let flat = Reshape(target: extents[..<(axis - 1)] + [count])
    let softmax = Softmax(axis: axis, isLogarithm: isLogarithm)
    let row = try sketch.apply(flat, [x], suffix: "row")
    let y = try sketch.apply(softmax, row, suffix: "softmax")
    return try sketch.apply(Reshape(target: extents), y)
  }
}
