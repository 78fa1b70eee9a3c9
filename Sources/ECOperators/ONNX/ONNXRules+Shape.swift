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
      let x = try node.operand(inputs, 0)
      let shape = sketch.type(of: x).shape
      let given = node.int("axis", default: 1)
      // One behind the last axis is allowed here.
      let axis = given == shape.count ? given : try node.axis(given, rank: shape.count)
      if axis == 1 { return try sketch.apply(Flatten(), [x]) }
      if axis == 0 { return try sketch.apply(BatchReshape(target: [1, -1]), [x]) }
      let inner = shape[axis...].compactMap(\.value)
      guard inner.count == shape.count - axis, let count = boundedProduct(inner) else {
        throw FormatError(.unsupported("Flatten of unknown extents isn't supported"))
      }
      return try sketch.apply(BatchReshape(target: [-1, count]), [x])
    },
    ONNXRule("Reshape") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try node.operand(inputs, 0)
      guard let wanted = sketch.extents(of: try node.operand(inputs, 1)), !wanted.isEmpty else {
        throw FormatError(.unsupported("Reshape to a computed shape isn't supported"))
      }
      let type = sketch.type(of: x)
      do throws(FormatError) {
        let form = try ReshapeForm(wanted, node, type)
        return try sketch.apply(Reshape(target: form.target, batch: form.batch), [x])
      } catch {
        let isExact = node.int("allowzero", default: 0) != 0 && wanted.contains(0)
        guard case .unsupported = error.reason, !isExact, let target = batchTarget(wanted)
        else { throw error }
        return try sketch.apply(BatchReshape(target: target), [x])
      }
    },
    ONNXRule("Transpose") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try node.operand(inputs, 0)
      let order = node.ints("perm") ?? Array((0..<sketch.type(of: x).rank).reversed())
      return try sketch.apply(Transpose(order: order), [x])
    },
    ONNXRule("Pad") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try node.operand(inputs, 0)
      let rank = sketch.type(of: x).rank
      guard let mode = Pad.Mode(rawValue: node.string("mode", default: "constant")),
        let pads = try sketch.integers(inputs, 1) ?? node.ints("pads")
      else { throw FormatError(.unsupported("this form of Pad isn't supported")) }
      let given = try sketch.integers(inputs, 3) ?? Array(0..<rank)
      guard pads.count == 2 * given.count else {
        throw FormatError(
          .badAttribute("pads", value: "\(pads)", expected: "\(2 * given.count) whole numbers"))
      }
      var (begin, end) = ([Int](repeating: 0, count: rank), [Int](repeating: 0, count: rank))
      for (k, axis) in given.enumerated() {
        let axis = try node.axis(axis, rank: rank)
        (begin[axis], end[axis]) = (pads[k], pads[k + given.count])
      }
      let value = try sketch.constant(inputs, 2)?.floats().first ?? node.float("value", default: 0)
      return try sketch.apply(Pad(begin: begin, end: end, value: value, mode: mode), [x])
    },
    squeeze("Squeeze"), squeeze("Unsqueeze"),
  ]

  /// The extents of a reshape, where at most one is for the run to tell: it is what is left.
  private static func batchTarget(_ wanted: [Dimension]) -> [Int]? {
    let open = wanted.count { $0.value == nil }
    guard open == 0 || (open == 1 && wanted.allSatisfy { ($0.value ?? 1) > 0 }) else { return nil }
    return wanted.map { $0.value ?? -1 }
  }

  /// Axes of extent one leave or come.
  private static func squeeze(_ type: String) -> ONNXRule {
    ONNXRule(type) { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try node.operand(inputs, 0)
      let isInverse = type == "Unsqueeze"
      let shape = sketch.type(of: x).shape
      let given = try sketch.integers(inputs, 1) ?? node.ints("axes")
      let rank = shape.count + (isInverse ? given?.count ?? 0 : 0)
      var axes: [Int] = []
      for axis in given ?? shape.indices.filter({ shape[$0] == 1 }) {
        axes.append(try node.axis(axis, rank: rank))
      }
      let op = Squeeze(isInverse: isInverse, changed: axes.sorted())
      // A reshape says the same and is understood by more, where the batch stays.
      guard let extents = sketch.type(of: x).fixedShapeAfterBatch, !axes.contains(0) else {
        return try sketch.apply(op, [x])
      }
      var target = extents
      if isInverse {
        for axis in op.changed { target.insert(1, at: axis - 1) }
      } else {
        guard axes.allSatisfy({ extents[$0 - 1] == 1 }) else {
          throw FormatError(.unsupported("Squeeze of an axis that isn't 1"))
        }
        target = extents.indices.filter { !axes.contains($0 + 1) }.map { extents[$0] }
      }
      return try sketch.apply(Reshape(target: target), [x])
    }
  }
}
