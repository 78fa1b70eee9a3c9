import ECGraph
import ECTensor

/// Contractions and batch normalization of ONNX.
extension OperatorTable {
  static let onnxConvolutionRules: [ONNXRule] = [
    ONNXRule("Conv", expects: { image($1, channels: { $0[1] }, groups: $0["group"]?.int) }) { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
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
    ONNXRule("ConvTranspose", expects: { image($1, channels: { $0[0] }) }) { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let weights = sketch.type(of: try node.operand(inputs, 1)).shape.compactMap(\.value)
      guard weights.count >= 3, node.int("group", default: 1) == 1, node.ints("output_shape") == nil
      else { throw FormatError(.unsupported("this form of ConvTranspose isn't supported")) }
      let size = Array(weights[2...])
      var op = TransposedConvolution(
        geometry: try node.geometry(size: size),
        outputPadding: node.ints("output_padding") ?? size.map { _ in 0 }, layout: .channelsFirst)
      op.multiplyExtents()
      return try sketch.apply(op, inputs)
    },
    ONNXRule("Gemm") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      guard var weights = try sketch.constant(inputs, 1), node.int("transA", default: 0) == 0,
        node.float("alpha", default: 1) == 1, node.float("beta", default: 1) == 1
      else { throw FormatError(.unsupported("Gemm with alpha, beta or transA isn't supported")) }
      var operands = inputs
      if node.int("transB", default: 0) != 0 {
        weights = weights.permuted([1, 0])
        operands[1] = sketch.constant("kernel", weights)
      }
      if let bias = try sketch.constant(inputs, 2), bias.shape != [weights.shape[1]] {
        let vector =
          bias.count == 1
          ? Tensor(
            [Float](repeating: bias.floats()[0], count: weights.shape[1]), shape: [weights.shape[1]]
          )
          : bias.reshaped([bias.count])
        operands[2] = sketch.constant("bias", vector)
      }
      return try sketch.apply(Dense(), operands)
    },
    ONNXRule("MatMul") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      guard let weights = try sketch.constant(inputs, 1), weights.shape.count == 2 else {
        throw FormatError(.unsupported("a product of two computed matrices isn't supported"))
      }
      return try sketch.apply(Dense(), inputs)
    },
    ONNXRule("BatchNormalization") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      guard node.int("training_mode", default: 0) == 0 else {
        throw FormatError(.unsupported("batch normalization in training mode isn't supported"))
      }
      let rank = sketch.type(of: try node.operand(inputs, 0)).rank
      let op = BatchNorm(
        epsilon: node.attributes["epsilon"]?.double ?? 1e-5, axis: min(1, rank - 1), rank: rank)
      return try sketch.apply(op, Array(inputs.prefix(5)))
    },
  ]

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
