import ECGraph
import ECTensor

/// Operators of ONNX that take, repeat or regroup positions.
extension OperatorTable {
  static let onnxSelectionRules: [ONNXRule] = [
    ONNXRule("Split") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try node.operand(inputs, 0)
      let shape = sketch.type(of: x).shape
      let axis = try node.axis(node.int("axis", default: 0), rank: shape.count)
      let given = try sketch.integers(inputs, 1) ?? node.ints("split")
      let parts = node.int("num_outputs", default: node.outputCount)
      guard let sizes = given ?? shape[axis].value.flatMap({ evenParts($0, parts, node.opset) })
      else {
        throw FormatError(.unsupported("an axis of \(shape[axis]) can't be split evenly"))
      }
      return try sketch.apply(Split(axis: axis, sizes: sizes), [x])
    },
    ONNXRule("Gather") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try node.operand(inputs, 0)
      let axis = try node.axis(node.int("axis", default: 0), rank: sketch.type(of: x).rank)
      guard let indices = try sketch.constant(inputs, 1), let positions = indices.integers() else {
        throw FormatError(.graph(GraphError(.missingOperand(1))))
      }
      return try sketch.apply(Gather(axis: axis, positions: positions, form: indices.shape), [x])
    },
    ONNXRule("Slice") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try node.operand(inputs, 0)
      let rank = sketch.type(of: x).rank
      guard let starts = try sketch.integers(inputs, 1) ?? node.ints("starts"),
        let stops = try sketch.integers(inputs, 2) ?? node.ints("ends"),
        stops.count == starts.count
      else { throw FormatError(.unsupported("Slice with computed bounds isn't supported")) }
      let axes = try sketch.integers(inputs, 3) ?? node.ints("axes") ?? Array(starts.indices)
      let steps = try sketch.integers(inputs, 4) ?? starts.map { _ in 1 }
      guard axes.count == starts.count, steps.count == starts.count else {
        throw FormatError(
          .badAttribute("axes", value: "\(axes)", expected: "\(starts.count) axes"))
      }
      var ranges: [Slice.Range] = []
      for k in starts.indices {
        let isAll = stops[k] >= Int(Int32.max) || (steps[k] < 0 && stops[k] <= -Int(Int32.max))
        ranges.append(
          Slice.Range(
            axis: try node.axis(axes[k], rank: rank), start: starts[k],
            stop: isAll ? nil : stops[k], step: steps[k]))
      }
      return try sketch.apply(Slice(ranges: ranges), [x])
    },
    ONNXRule("Expand") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try node.operand(inputs, 0)
      guard let wanted = sketch.extents(of: try node.operand(inputs, 1)) else {
        throw FormatError(.graph(GraphError(.notConstant(operand: 1))))
      }
      return try expand(x, to: wanted, &sketch)
    },
    ONNXRule("ConstantOfShape") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      guard let wanted = sketch.extents(of: try node.operand(inputs, 0)), !wanted.isEmpty else {
        throw FormatError(.graph(GraphError(.notConstant(operand: 0))))
      }
      let filling = node.attributes["value"]?.tensor ?? Tensor(scalar: 0)
      guard filling.count == 1 else {
        throw FormatError(
          .badAttribute("value", value: "\(filling.count) elements", expected: "one element"))
      }
      let single = filling.reshaped(wanted.map { _ in 1 })
      return try expand(sketch.constant("value", single), to: wanted, &sketch)
    },
    ONNXRule("GatherND") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      try gatherPoints(node, inputs, &sketch)
    },
    ONNXRule("Tile") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try node.operand(inputs, 0)
      guard let repeats = try sketch.integers(inputs, 1) else {
        throw FormatError(.graph(GraphError(.missingOperand(1))))
      }
      return try sketch.apply(Tile(repeats: repeats), [x])
    },
    ONNXRule("DepthToSpace") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let isColumnFirst = node.string("mode", default: "DCR") == "CRD"
      return try blocks(isColumnFirst ? .columnFirst : .depthFirst, node, inputs, &sketch)
    },
    ONNXRule("SpaceToDepth") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      try blocks(.toDepth, node, inputs, &sketch)
    },
  ]

  /// Positions of several leading axes at once are positions of one axis that joins them.
  private static func gatherPoints(
    _ node: ONNXNode, _ inputs: [ValueID?], _ sketch: inout Sketch
  ) throws(FormatError) -> [ValueID] {
    let x = try node.operand(inputs, 0)
    guard let indices = try sketch.constant(inputs, 1), let numbers = indices.integers() else {
      throw FormatError(.graph(GraphError(.missingOperand(1))))
    }
    let shape = sketch.type(of: x).shape
    let depth = indices.shape.last ?? 0
    let joined = shape.prefix(depth).compactMap(\.value)
    let rest = shape.dropFirst(depth).compactMap(\.value)
    guard node.int("batch_dims", default: 0) == 0, depth > 0, joined.count == depth,
      joined.count + rest.count == shape.count, let count = boundedProduct(joined)
    else { throw FormatError(.unsupported("this form of GatherND isn't supported")) }
    var positions: [Int] = []
    for start in stride(from: 0, to: numbers.count, by: depth) {
      var position = 0
      for (axis, extent) in joined.enumerated() {
        let number = numbers[start + axis]
        guard (-extent..<extent).contains(number) else {
          throw FormatError(
            .graph(GraphError(.refused("position \(number) is outside an axis of \(extent)"))))
        }
        position = position * extent + (number < 0 ? number + extent : number)
      }
      positions.append(position)
    }
    let rows =
      depth == 1
      ? [x] : try sketch.apply(BatchReshape(target: [count] + rest), [x], suffix: "rows")
    return try sketch.apply(
      Gather(axis: 0, positions: positions, form: indices.shape.dropLast()), rows)
  }

  /// Broadcasts a value to extents of which some may be such that only the run tells.
  private static func expand(_ x: ValueID, to wanted: [Dimension], _ sketch: inout Sketch)
    throws(FormatError) -> [ValueID]
  {
    let own = sketch.type(of: x).shape
    let missing = wanted.count - own.count
    var target: [Int] = []
    var batch: (like: ValueID, factor: Int)?
    for (axis, extent) in wanted.enumerated() {
      let place = axis - missing
      // An extent that the operand has needs nothing; without a name it is one only as the batch.
      let isOwn = place >= 0 && own[place] == extent && (place == 0 || extent.symbol?.name != "")
      if let number = extent.value {
        target.append(number)
      } else if isOwn {
        target.append(1)
      } else if axis == 0, place < 0 || own[place] == 1, let input = input(of: extent, sketch) {
        batch = input
      } else {
        throw FormatError(.graph(GraphError(.notConstant(operand: 1))))
      }
    }
    guard let batch else { return try sketch.apply(Expand(target: target), [x]) }
    return try sketch.apply(BatchExpand(target: target, factor: batch.factor), [x, batch.like])
  }

  /// An input whose batch an extent is, and how many times.
  private static func input(of extent: Dimension, _ sketch: Sketch) -> (ValueID, Int)? {
    guard let symbol = extent.symbol, !symbol.name.isEmpty,
      let input = sketch.graph.inputs.first(where: {
        sketch.type(of: $0).shape.first == .symbolic(symbol.name)
      })
    else { return nil }
    return (input, symbol.factor)
  }

  /// Equal parts, of which the last may be smaller from opset 18 on.
  private static func evenParts(_ extent: Int, _ parts: Int, _ opset: Int) -> [Int]? {
    guard parts >= 1, extent >= parts, opset >= 18 || extent % parts == 0 else { return nil }
    let size = (extent + parts - 1) / parts
    let last = extent - size * (parts - 1)
    return last > 0 ? [Int](repeating: size, count: parts - 1) + [last] : nil
  }

  private static func blocks(
    _ direction: BlockRearrangement.Direction, _ node: ONNXNode, _ inputs: [ValueID?],
    _ sketch: inout Sketch
  ) throws(FormatError) -> [ValueID] {
    guard let block = node.attributes["blocksize"]?.int else {
      throw FormatError(.missingAttribute("blocksize"))
    }
    return try sketch.apply(
      BlockRearrangement(direction: direction, block: block), [try node.operand(inputs, 0)])
  }
}
