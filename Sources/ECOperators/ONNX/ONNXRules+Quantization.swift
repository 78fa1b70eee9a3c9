import ECGraph
import ECTensor

/// Quantisation in ONNX.
extension OperatorTable {
  static let onnxQuantizationRules: [ONNXRule] = [
    ONNXRule("QuantizeLinear") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let axis = try quantizedAxis(node, inputs, &sketch)
      let given = try sketch.constant(inputs, 2)?.elementType
      let code = node.int("output_dtype", default: 0)
      let named = code == 0 ? ElementType.uint8 : Int32(exactly: code).flatMap(ElementType.init)
      guard let type = given ?? named, type.integerRange != nil else {
        throw FormatError(.unsupported("quantisation to this type isn't supported"))
      }
      return try sketch.apply(Quantize(elementType: type, axis: axis), inputs)
    },
    ONNXRule("DequantizeLinear") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let axis = try quantizedAxis(node, inputs, &sketch)
      _ = try sketch.constant(inputs, 2)
      return try sketch.apply(Dequantize(axis: axis), inputs)
    },
  ]

  /// The axis of the scales, which must be constant and not stand for blocks.
  private static func quantizedAxis(
    _ node: ONNXNode, _ inputs: [ValueID?], _ sketch: inout Sketch
  ) throws(FormatError) -> Int {
    guard node.int("block_size", default: 0) == 0 else {
      throw FormatError(.unsupported("quantisation in blocks isn't supported"))
    }
    guard let scales = try sketch.constant(inputs, 1) else {
      throw FormatError(.graph(GraphError(.missingOperand(1))))
    }
    let rank = sketch.type(of: try node.operand(inputs, 0)).rank
    // A single scale needs no axis, so that the one that is written may be none.
    let axis = node.int("axis", default: 1)
    return scales.count == 1 && !(-rank..<rank).contains(axis) ? 0 : try node.axis(axis, rank: rank)
  }
}
