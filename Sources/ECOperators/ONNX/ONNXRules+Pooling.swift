import ECGraph
import ECTensor

/// Pooling and reductions of ONNX.
extension OperatorTable {
  static let onnxPoolingRules: [ONNXRule] =
    [
      ONNXRule("MaxPool") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
        guard node.outputCount == 1 else {
          throw FormatError(.unsupported("the indices of MaxPool aren't supported"))
        }
        return try pool(.maximum, node, inputs, &sketch)
      },
      ONNXRule("AveragePool") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
        let counts = node.int("count_include_pad", default: 0) != 0
        return try pool(
          counts ? .averageIncludingPadding : .averageExcludingPadding, node, inputs, &sketch)
      },
      globalPool("GlobalAveragePool", isMaximum: false),
      globalPool("GlobalMaxPool", isMaximum: true),
    ]
    + [
      ("ReduceMean", ReductionKernel.mean), ("ReduceSum", .sum), ("ReduceMax", .maximum),
      ("ReduceMin", .minimum), ("ReduceProd", .product), ("ReduceL1", .l1), ("ReduceL2", .l2),
    ].map { name, kind in
      ONNXRule(name) { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
        let x = try node.operand(inputs, 0)
        let rank = sketch.type(of: x).rank
        let given = try sketch.integers(inputs, 1) ?? node.ints("axes") ?? []
        if given.isEmpty && node.int("noop_with_empty_axes", default: 0) != 0 { return [x] }
        var axes: [Int] = []
        for axis in given { axes.append(try node.axis(axis, rank: rank)) }
        if axes.isEmpty { axes = Array(0..<rank) }
        let op = Reduce(
          kind: kind, reducedAxes: axes.sorted(), keepDims: node.int("keepdims", default: 1) != 0)
        return try sketch.apply(op, [x])
      }
    }

  private static func pool(
    _ kind: PoolKernel, _ node: ONNXNode, _ inputs: [ValueID?], _ sketch: inout Sketch
  ) throws(FormatError) -> [ValueID] {
    guard let size = node.ints("kernel_shape") else {
      throw FormatError(.missingAttribute("kernel_shape"))
    }
    let geometry = try node.geometry(size: size)
    return try sketch.apply(
      Pool(kind: kind, geometry: geometry, layout: .channelsFirst), [try node.operand(inputs, 0)])
  }

  private static func globalPool(_ type: String, isMaximum: Bool) -> ONNXRule {
    ONNXRule(type) { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try node.operand(inputs, 0)
      let op = GlobalPool(
        isMaximum: isMaximum, keepDims: true, layout: .channelsFirst,
        spatialRank: sketch.type(of: x).rank - 2)
      return try sketch.apply(op, [x])
    }
  }
}
