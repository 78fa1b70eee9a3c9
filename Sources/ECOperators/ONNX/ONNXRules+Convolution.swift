import ECGraph
import ECTensor

/// Contractions of ONNX.
extension OperatorTable {
  static let onnxConvolutionRules: [ONNXRule] = [
    ONNXRule("Conv", expects: { image($1, channels: { $0[1] }, groups: $0["group"]?.int) }) {
      (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try node.operand(inputs, 0)
      let weights = sketch.type(of: try node.operand(inputs, 1)).shape.compactMap(\.value)
      guard weights.count >= 3, sketch.type(of: x).rank == weights.count else {
        throw FormatError(.unsupported("a kernel of \(weights.count) axes doesn't fit its operand"))
      }
      let geometry = try node.geometry(size: Array(weights[2...]))
      let groups = node.int("group", default: 1)
      guard groups >= 1 else {
        throw FormatError(.badAttribute("group", value: "\(groups)", expected: "at least 1"))
      }
      let channels = sketch.type(of: x).shape[1].value
      let op: any Operator =
        groups > 1 && groups == channels && weights[1] == 1
        ? DepthwiseConvolution(geometry: geometry, layout: .channelsFirst)
        : Convolution(geometry: geometry, groups: groups, layout: .channelsFirst)
      return try sketch.apply(op, inputs)
    },
    ONNXRule("ConvTranspose", expects: { image($1, channels: { $0[0] }) }) {
      (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let weights = sketch.type(of: try node.operand(inputs, 1)).shape.compactMap(\.value)
      let groups = node.int("group", default: 1)
      guard weights.count >= 3, groups >= 1, node.ints("output_shape") == nil else {
        throw FormatError(.unsupported("this form of ConvTranspose isn't supported"))
      }
      let size = Array(weights[2...])
      var op = TransposedConvolution(
        geometry: try node.geometry(size: size),
        outputPadding: node.ints("output_padding") ?? size.map { _ in 0 }, groups: groups,
        layout: .channelsFirst)
      op.multiplyExtents()
      return try sketch.apply(op, inputs)
    },
    ONNXRule("Gemm", expects: { rows($0, $1) }) {
      (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      try gemm(node, inputs, &sketch)
    },
    ONNXRule("MatMul") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let (a, b) = (try node.operand(inputs, 0), try node.operand(inputs, 1))
      if let weights = sketch.graph.constant(b), sketch.graph.constant(a) == nil,
        weights.shape.count >= 2, weights.shape.dropLast(2).allSatisfy({ $0 == 1 }),
        weights.shape.count <= max(2, sketch.type(of: a).rank)
      {
        let matrix =
          weights.shape.count == 2
          ? b : sketch.constant("kernel", weights.reshaped(weights.shape.suffix(2)))
        return try sketch.apply(Dense(), [a, matrix])
      }
      if let weights = sketch.graph.constant(a), sketch.graph.constant(b) == nil,
        weights.shape.count == 2, sketch.type(of: b).rank >= 2
      {
        return try sketch.apply(LeftDense(), [a, b])
      }
      return try sketch.apply(MatrixProduct(), [a, b])
    },
  ]

  /// The rows that a matrix is multiplied with.
  private static func rows(_ attributes: FormatObject, _ operands: [Tensor?]) -> ValueType? {
    guard operands.count > 1, let matrix = operands[1], matrix.shape.count == 2,
      (attributes["transA"]?.int ?? 0) == 0
    else { return nil }
    let depth = matrix.shape[(attributes["transB"]?.int ?? 0) == 0 ? 0 : 1]
    return ValueType(matrix.elementType, [.symbolic(""), .fixed(depth)])
  }

  /// An image of as many axes as the kernel has, with the channels that it reads.
  private static func image(
    _ operands: [Tensor?], channels: ([Int]) -> Int, groups: Int? = nil
  ) -> ValueType? {
    guard operands.count > 1, let kernel = operands[1], kernel.shape.count >= 3 else { return nil }
    var shape = [Dimension](repeating: .symbolic(""), count: kernel.shape.count)
    shape[1] = .fixed(channels(kernel.shape) * max(groups ?? 1, 1))
    return ValueType(kernel.elementType, shape)
  }
}

/// Forms of Gemm.
extension OperatorTable {
  fileprivate static func gemm(
    _ node: ONNXNode, _ inputs: [ValueID?], _ sketch: inout Sketch
  ) throws(FormatError) -> [ValueID] {
    var x = try node.operand(inputs, 0)
    let alpha = node.float("alpha", default: 1)
    let beta = node.float("beta", default: 1)
    let isTransposed = node.int("transB", default: 0) != 0
    if node.int("transA", default: 0) != 0 {
      x = try sketch.apply(Transpose(order: [1, 0]), [x], suffix: "transposed")[0]
    }
    let right = try node.operand(inputs, 1)
    guard let weights = sketch.graph.constant(right) else {
      return try computedGemm(x, right, isTransposed, node, inputs, &sketch)
    }
    guard weights.shape.count == 2 else {
      throw FormatError(
        .graph(GraphError(.rank(operand: 1, expected: 2, found: weights.shape.count))))
    }
    var operands: [ValueID?] = [x, right]
    if alpha != 1 { operands[1] = sketch.constant("kernel", weights.scaled(by: alpha)) }
    let made = weights.shape[isTransposed ? 0 : 1]
    guard inputs.count > 2, let shift = inputs[2] else {
      return try sketch.apply(Dense(isTransposed: isTransposed), operands)
    }
    if let bias = sketch.graph.constant(shift), bias.count == 1 || bias.count == bias.shape.last {
      var vector = bias.reshaped([bias.count])
      if vector.count == 1 { vector = vector.gathered(axis: 0, [Int](repeating: 0, count: made)) }
      let isPlain = bias.shape == [made] && beta == 1
      operands.append(
        isPlain ? shift : sketch.constant("bias", beta == 1 ? vector : vector.scaled(by: beta)))
      return try sketch.apply(Dense(isTransposed: isTransposed), operands)
    }
    let product = try sketch.apply(
      Dense(isTransposed: isTransposed), operands, suffix: "product")[0]
    return try shifted(product, by: shift, times: beta, &sketch)
  }

  /// A product of two computed matrices.
  private static func computedGemm(
    _ x: ValueID, _ right: ValueID, _ isTransposed: Bool, _ node: ONNXNode,
    _ inputs: [ValueID?], _ sketch: inout Sketch
  ) throws(FormatError) -> [ValueID] {
    var matrix = right
    if isTransposed {
      matrix = try sketch.apply(Transpose(order: [1, 0]), [right], suffix: "kernel")[0]
    }
    let alpha = node.float("alpha", default: 1)
    let hasShift = inputs.count > 2 && inputs[2] != nil
    let isLast = alpha == 1 && !hasShift
    var y = try sketch.apply(MatrixProduct(), [x, matrix], suffix: isLast ? "" : "product")[0]
    if alpha != 1 {
      y = try sketch.apply(
        Activation(kind: .linear(scale: alpha, shift: 0)), [y],
        suffix: hasShift ? "scaled" : "")[0]
    }
    guard hasShift, let shift = inputs[2] else { return [y] }
    return try shifted(y, by: shift, times: node.float("beta", default: 1), &sketch)
  }

  private static func shifted(
    _ product: ValueID, by shift: ValueID, times beta: Float, _ sketch: inout Sketch
  ) throws(FormatError) -> [ValueID] {
    var shift = shift
    if beta != 1 {
      if let bias = sketch.graph.constant(shift) {
        shift = sketch.constant("bias", bias.scaled(by: beta))
      } else {
        let scaling = Activation(kind: .linear(scale: beta, shift: 0))
        shift = try sketch.apply(scaling, [shift], suffix: "bias")[0]
      }
    }
    return try sketch.apply(Elementwise(kind: .add), [product, shift])
  }
}

extension Tensor {
  /// Every element times a number.
  fileprivate func scaled(by factor: Float) -> Tensor {
    Tensor(floats().map { $0 * factor }, shape: shape)
  }
}

extension TransposedConvolution {
  /// Says `auto_pad` in counts: the result's extents are the operand's times the strides.
  ///
  /// Source: ONNX ConvTranspose, `total_padding`; as in ONNX Runtime, padding is never negative.
  fileprivate mutating func multiplyExtents() {
    let isUpper = geometry.padding == .sameUpper
    guard isUpper || geometry.padding == .sameLower else { return }
    var begin: [Int] = []
    var end: [Int] = []
    for k in geometry.size.indices {
      let excess = (geometry.size[k] - 1) * geometry.dilations[k] + 1 - geometry.strides[k]
      let total = max(excess + outputPadding[k], 0)
      begin.append(isUpper ? total / 2 : total - total / 2)
      end.append(total - begin[k])
    }
    geometry.padding = .explicit(begin: begin, end: end)
  }
}
