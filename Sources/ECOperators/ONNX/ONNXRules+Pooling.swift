import ECGraph
import ECTensor

/// Pooling, reductions and resizing of ONNX.
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
      ONNXRule("Resize") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
        try resize(node, inputs, &sketch)
      },
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

  private static func resize(_ node: ONNXNode, _ inputs: [ValueID?], _ sketch: inout Sketch)
    throws(FormatError) -> [ValueID]
  {
    let kind: ResizeKernel
    switch (
      node.string("mode", default: "nearest"),
      node.string("coordinate_transformation_mode", default: "half_pixel"),
      node.string("nearest_mode", default: "round_prefer_floor")
    ) {
    case ("nearest", "asymmetric", "floor"): kind = .nearestFloorAsymmetric
    case ("nearest", "half_pixel", "round_prefer_ceil"): kind = .nearestHalfPixelCeil
    case ("linear", "half_pixel", _): kind = .linearHalfPixel
    case (let mode, let coordinates, _):
      throw FormatError(.unsupported("Resize in mode \(mode), \(coordinates) isn't supported"))
    }
    let x = try node.operand(inputs, 0)
    let extents = sketch.type(of: x).shape
    guard extents.count == 4, let scales = try sketch.constant(inputs, 2)?.floats(),
      scales.count == 4, scales[0] == 1, scales[1] == 1
    else { throw FormatError(.unsupported("Resize needs constant scales of the picture")) }
    let target: Resize.Target
    if scales.allSatisfy({ $0 == $0.rounded() }) {
      target = .scales([Int(scales[2]), Int(scales[3])])
    } else if let h = extents[2].value, let w = extents[3].value {
      target = .sizes([
        Int((Float(h) * scales[2]).rounded(.down)), Int((Float(w) * scales[3]).rounded(.down)),
      ])
    } else {
      throw FormatError(.unsupported("Resize by a fraction needs known extents"))
    }
    return try sketch.apply(Resize(kind: kind, target: target, layout: .channelsFirst), [x])
  }
}
