import ECGraph
import ECTensor

/// Operations that are recorded as layers, written back; in common words their operators are said.
extension OperatorTable {
  static let kerasOperationWrites: [KerasWriteRule] = kerasOperationRules.flatMap { rule in
    rule.classNames.map { name in
      KerasWriteRule(
        [name],
        write: { (layer, drawing) throws(FormatError) in
          var form = KerasForm(config: layer.config)
          for (k, call) in drawing.calls.enumerated() {
            try update(&form, name, call, k, drawing)
          }
          return form
        }, common: { _ in nil })
    }
  }

  /// Puts the sizes and constants of the operator as it is now in the places of those in a call.
  private static func update(
    _ form: inout KerasForm, _ name: String, _ call: KerasDrawnCall, _ index: Int,
    _ drawing: KerasDrawing
  ) throws(FormatError) {
    for op in call.operators {
      switch op {
      case let op as Reshape: updateShape(&form, op, call, index)
      case let op as Slice: try updateRanges(&form, op, call, index)
      case let op as Pad: updatePadding(&form, op, call, index)
      case let op as Split: updateParts(&form, op, name, call, index)
      case is Elementwise:
        for (k, names) in [["x", "x1", "value"], ["y", "x2", "bias"]].enumerated() {
          let key = k == 0 ? "x" : "y"
          guard drawing.has(key) else { continue }
          let tensor = try drawing.constant(key)
          if tensor.count == 1 { continue }
          let argument = names.first { call.arguments[$0] != nil } ?? names[0]
          form.setArgument(argument, k, to: FormatValue(nested: tensor), ofCall: index, call)
        }
      default: continue
      }
    }
  }

  private static func updateShape(
    _ form: inout KerasForm, _ op: Reshape, _ call: KerasDrawnCall, _ index: Int
  ) {
    for name in ["newshape", "shape"] {
      guard let old = argument(name, 1, call, form.config)?.ints, old.count == op.target.count + 1
      else { continue }
      let target = [old[0]] + written(op.target, Array(old.dropFirst()))
      if target == old { return }
      form.setArgument(name, 1, to: .list(target.map { .int($0) }), ofCall: index, call)
      return
    }
  }

  private static func updatePadding(
    _ form: inout KerasForm, _ op: Pad, _ call: KerasDrawnCall, _ index: Int
  ) {
    let widths = FormatValue.list(zip(op.begin, op.end).map { .list([.int($0), .int($1)]) })
    for name in ["pad_width", "paddings"] {
      guard let old = argument(name, 1, call, form.config) else { continue }
      if old.json() != widths.json() {
        form.setArgument(name, 1, to: widths, ofCall: index, call)
      }
      return
    }
  }

  /// The sizes of parts, unless they are still equal ones of the same number.
  private static func updateParts(
    _ form: inout KerasForm, _ op: Split, _ name: String, _ call: KerasDrawnCall, _ index: Int
  ) {
    for key in ["indices_or_sections", "num_or_size_splits"] {
      guard let old = argument(key, 1, call, form.config) else { continue }
      let areEqual = op.sizes.allSatisfy { $0 == op.sizes[0] }
      if old.list == nil && old.int == op.sizes.count && areEqual { return }
      var numbers = op.sizes
      if name.hasPrefix("op:") {
        numbers = op.sizes.indices.dropFirst().map { op.sizes[..<$0].reduce(0, +) }
      }
      form.setArgument(
        key, 1, to: .list(numbers.map { .int($0) }), ofCall: index, call)
      return
    }
  }

  /// Slices per axis: those along an axis that lost positions take the new ones.
  private static func updateRanges(
    _ form: inout KerasForm, _ op: Slice, _ call: KerasDrawnCall, _ index: Int
  ) throws(FormatError) {
    for name in ["key", "slice_spec"] {
      guard let old = argument(name, 1, call, form.config) else { continue }
      var parts = old.list ?? [old]
      let rank = call.inputs[0].rank
      var axis = 0
      for (k, part) in parts.enumerated() {
        guard var object = part.object else {
          throw FormatError(.unsupported("indexing by \(part.json()) isn't written"))
        }
        if object["class_name"]?.string == "__ellipsis__" {
          axis = rank - (parts.count - k - 1)
          continue
        }
        if let range = op.ranges.first(where: { $0.axis == axis }) {
          var members = object["config"]?.object ?? object
          if members["step"]?.int ?? 1 > 0 {
            members["start"] = .int(range.start)
            members["stop"] = range.stop.map { .int($0) } ?? .null
            members["step"] = .int(range.step)
          }
          if object["config"] == nil {
            object = members
          } else {
            object["config"] = .object(members)
          }
          parts[k] = .object(object)
        }
        axis += 1
      }
      form.setArgument(
        name, 1, to: old.list == nil ? parts[0] : .list(parts), ofCall: index, call)
      return
    }
  }

  /// An argument by keyword, by position, or from the configuration, as rules read it.
  private static func argument(
    _ name: String, _ position: Int, _ call: KerasDrawnCall, _ config: FormatObject
  ) -> FormatValue? {
    KerasLayer(
      name: "", className: "", config: config, arguments: call.arguments, dialect: .keras3
    ).argument(name, position)
  }
}

extension FormatValue {
  /// A tensor as nested lists of numbers.
  fileprivate init(nested tensor: Tensor) {
    func list(_ numbers: ArraySlice<Float>, _ shape: ArraySlice<Int>) -> FormatValue {
      guard let extent = shape.first, let first = numbers.first else {
        return .float(Double(numbers.first ?? 0))
      }
      if shape.count == 1 { return .list(numbers.map { .float(Double($0)) }) }
      _ = first
      let size = numbers.count / max(extent, 1)
      return .list(
        (0..<extent).map {
          let start = numbers.startIndex + $0 * size
          return list(numbers[start..<(start + size)], shape.dropFirst())
        })
    }
    let numbers = tensor.floats()
    self = list(numbers[...], tensor.shape[...])
  }
}
