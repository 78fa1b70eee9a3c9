import ECGraph
import ECTensor

/// Operators of ONNX that move data.
extension OperatorTable {
  static let onnxShapeRules: [ONNXRule] = [
    ONNXRule("Identity") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      [try node.operand(inputs, 0)]
    },
    ONNXRule("Dropout") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      [try node.operand(inputs, 0)]
    },
    ONNXRule("Concat") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let rank = sketch.type(of: try node.operand(inputs, 0)).rank
      let axis = try node.axis(node.int("axis", default: 1), rank: rank)
      return try sketch.apply(Concat(axis: axis), inputs)
    },
    ONNXRule("Flatten") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      guard node.int("axis", default: 1) == 1 else {
        throw FormatError(.unsupported("Flatten at another axis than 1 isn't supported"))
      }
      return try sketch.apply(Flatten(), inputs)
    },
    ONNXRule("Reshape") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try node.operand(inputs, 0)
      guard let wanted = sketch.extents(of: try node.operand(inputs, 1)), !wanted.isEmpty else {
        throw FormatError(.unsupported("Reshape to a computed shape isn't supported"))
      }
      let form = try ReshapeForm(wanted, node, sketch.type(of: x))
      return try sketch.apply(Reshape(target: form.target, batch: form.batch), [x])
    },
    ONNXRule("Transpose") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try node.operand(inputs, 0)
      let order = node.ints("perm") ?? Array((0..<sketch.type(of: x).rank).reversed())
      return try sketch.apply(Transpose(order: order), [x])
    },
    ONNXRule("Pad") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try node.operand(inputs, 0)
      let rank = sketch.type(of: x).rank
      guard node.string("mode", default: "constant") == "constant",
        let pads = try sketch.integers(inputs, 1) ?? node.ints("pads"), pads.count == 2 * rank
      else { throw FormatError(.unsupported("this form of Pad isn't supported")) }
      let value = try sketch.constant(inputs, 2)?.floats().first ?? node.float("value", default: 0)
      let op = Pad(begin: Array(pads[..<rank]), end: Array(pads[rank...]), value: value)
      return try sketch.apply(op, [x])
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
    squeeze("Squeeze"), squeeze("Unsqueeze"),
  ]

  /// Axes of extent one leave or come; never the batch.
  private static func squeeze(_ type: String) -> ONNXRule {
    ONNXRule(type) { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try node.operand(inputs, 0)
      let isSqueeze = type == "Squeeze"
      guard let extents = sketch.type(of: x).fixedShapeAfterBatch else {
        throw FormatError(.unsupported("\(type) of unknown extents isn't supported"))
      }
      let given = try sketch.integers(inputs, 1) ?? node.ints("axes")
      var target: [Int]
      if isSqueeze {
        let rank = extents.count + 1
        var axes: [Int] = []
        for axis in given ?? extents.indices.filter({ extents[$0] == 1 }).map({ $0 + 1 }) {
          axes.append(try node.axis(axis, rank: rank))
        }
        guard axes.allSatisfy({ $0 > 0 && extents[$0 - 1] == 1 }) else {
          throw FormatError(.unsupported("Squeeze of the batch or of an axis that isn't 1"))
        }
        target = extents.indices.filter { !axes.contains($0 + 1) }.map { extents[$0] }
      } else {
        let rank = extents.count + 1 + (given?.count ?? 0)
        var axes: [Int] = []
        for axis in given ?? [] { axes.append(try node.axis(axis, rank: rank)) }
        guard !axes.contains(0) else {
          throw FormatError(.unsupported("Unsqueeze before the batch isn't supported"))
        }
        target = extents
        for axis in axes.sorted() { target.insert(1, at: axis - 1) }
      }
      return try sketch.apply(Reshape(target: target), [x])
    }
  }
}
