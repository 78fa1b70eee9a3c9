import ECGraph
import ECTensor

/// Bare arithmetic and functions that Keras records as layers: `TFOpLambda` of Keras 2, operations of
/// Keras 3. Arguments stand in `arguments`: positional ones in `args`, tensors as `"@k"`.
extension OperatorTable {
  static let kerasOperationRules: [KerasRule] =
    kerasPartRules
    + binaryOperations.flatMap { entry in
      entry.names.map { name in
        KerasRule([name]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
          [try drawBinary(entry.kind, layer, inputs, &sketch)]
        }
      }
    }
    + unaryOperations.flatMap { entry in
      entry.names.map { name in
        KerasRule([name]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
          try sketch.apply(Activation(kind: entry.kind), [sketch.single(inputs)])
        }
      }
    }
    + [
      KerasRule(["op:Gelu", "TFOpLambda:nn.gelu"]) {
        (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
        let isTanh = layer.argument("approximate", 1)?.bool ?? (layer.dialect == .keras3)
        return try sketch.apply(
          Activation(kind: isTanh ? .geluTanh : .geluErf), [sketch.single(inputs)])
      },
      KerasRule(["op:Softmax", "TFOpLambda:nn.softmax"]) {
        (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
        let x = try sketch.single(inputs)
        let rank = sketch.type(of: x).rank
        guard let axis = (layer.argument("axis", 1) ?? .int(-1)).int else {
          throw FormatError(.unsupported("a softmax over several axes isn't supported"))
        }
        return try sketch.apply(
          Softmax(axis: axis < 0 ? axis + rank : axis, isLogarithm: false), [x])
      },
      reduction(["op:Mean", "TFOpLambda:math.reduce_mean"], .mean),
      reduction(["op:Max", "TFOpLambda:math.reduce_max"], .maximum),
      reduction(["op:Sum", "TFOpLambda:math.reduce_sum"], .sum),
      KerasRule(["op:Concatenate", "TFOpLambda:concat"]) {
        (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
        guard let first = inputs.first else { throw FormatError(.unsupported("nothing to join")) }
        let rank = sketch.type(of: first).rank
        let axis = layer.argument("axis", 1)?.int ?? -1
        return try sketch.apply(Concat(axis: axis < 0 ? axis + rank : axis), inputs)
      },
      KerasRule(["op:Reshape", "TFOpLambda:reshape"]) {
        (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
        guard let shape = (layer.argument("newshape", 1) ?? layer.argument("shape", 1))?.ints,
          !shape.isEmpty
        else { throw FormatError(.missingAttribute("newshape")) }
        guard shape[0] == -1 else {
          throw FormatError(.unsupported("a reshape that fixes the batch isn't supported"))
        }
        return try sketch.apply(Reshape(target: Array(shape.dropFirst())), [sketch.single(inputs)])
      },
      KerasRule(["op:Transpose", "TFOpLambda:transpose", "TFOpLambda:compat.v1.transpose"]) {
        (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
        guard let order = (layer.argument("axes", 1) ?? layer.argument("perm", 1))?.ints else {
          throw FormatError(.missingAttribute("axes"))
        }
        return try sketch.apply(Transpose(order: order), [sketch.single(inputs)])
      },
      KerasRule(["op:Pad", "TFOpLambda:pad", "TFOpLambda:compat.v1.pad"]) {
        (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
        let widths = (layer.argument("pad_width", 1) ?? layer.argument("paddings", 1))?.list?
          .compactMap(\.ints)
        guard let widths, widths.allSatisfy({ $0.count == 2 }),
          (layer.argument("mode", 2)?.string ?? "constant").lowercased() == "constant"
        else { throw FormatError(.unsupported("this form of padding isn't supported")) }
        let value = Float(layer.argument("constant_values", 3)?.double ?? 0)
        return try sketch.apply(
          Pad(begin: widths.map { $0[0] }, end: widths.map { $0[1] }, value: value),
          [sketch.single(inputs)])
      },
      pool(["op:MaxPool", "TFOpLambda:nn.max_pool2d"], .maximum),
      pool(["op:AveragePool", "TFOpLambda:nn.avg_pool2d"], .averageExcludingPadding),
      KerasRule(["op:GetItem", "SlicingOpLambda:__operators__.getitem"]) {
        (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
        try slice(layer, inputs, &sketch)
      },
      KerasRule(["op:Cast", "TFOpLambda:cast"]) {
        (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
        let type = layer.argument("dtype", 1)?.string ?? "float32"
        guard type.contains("float") else {
          throw FormatError(.unsupported("a conversion to \(type) isn't supported"))
        }
        return [try sketch.single(inputs)]
      },
      KerasRule([
        "op:Identity", "TFOpLambda:identity", "op:StopGradient", "TFOpLambda:stop_gradient",
      ]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in [try sketch.single(inputs)]
      },
      KerasRule(["op:Square", "TFOpLambda:math.square"]) {
        (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
        let x = try sketch.single(inputs)
        return try sketch.apply(Elementwise(kind: .multiply), [x, x])
      },
      KerasRule(["op:Rsqrt", "TFOpLambda:math.rsqrt"]) {
        (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
        let root = try sketch.one(
          Activation(kind: .sqrt), [sketch.single(inputs)], suffix: "root")
        return try sketch.apply(Activation(kind: .reciprocal), [root])
      },
      KerasRule(["op:LeakyRelu", "TFOpLambda:nn.leaky_relu"]) {
        (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
        let slope = layer.argument("negative_slope", 1) ?? layer.argument("alpha", 1)
        return try sketch.apply(
          Activation(kind: .leakyRelu(slope: Float(slope?.double ?? 0.2))),
          [sketch.single(inputs)])
      },
      KerasRule(["op:Clip", "TFOpLambda:clip_by_value"]) {
        (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
        let low = layer.argument("x_min", 1) ?? layer.argument("clip_value_min", 1)
        let high = layer.argument("x_max", 2) ?? layer.argument("clip_value_max", 2)
        guard let low = low?.double, let high = high?.double else {
          throw FormatError(.unsupported("bounds that are no numbers aren't supported"))
        }
        return try sketch.apply(
          Activation(kind: .clip(low: Float(low), high: Float(high))), [sketch.single(inputs)])
      },
      reordering(["op:ExpandDims", "TFOpLambda:expand_dims"]) { extents, axes in
        axes.sorted().reduce(into: extents) { $0.insert(1, at: min($1, $0.count)) }
      },
      reordering(["op:Squeeze", "TFOpLambda:squeeze", "TFOpLambda:compat.v1.squeeze"]) {
        extents, axes in
        axes.allSatisfy { extents.indices.contains($0) && extents[$0] == 1 }
          ? extents.indices.filter { !axes.contains($0) }.map { extents[$0] } : nil
      },
    ]

  /// Axes of extent one that come or go; `change` is handed the extents with the batch as 1, and
  /// the axes, counted from the first of the longer shape.
  private static func reordering(
    _ names: [String], _ change: @escaping @Sendable ([Int], [Int]) -> [Int]?
  ) -> KerasRule {
    KerasRule(names) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try sketch.single(inputs)
      let isLonger = names[0] == "op:ExpandDims"
      guard let extents = sketch.type(of: x).fixedShapeAfterBatch else {
        throw FormatError(.unsupported("the extents aren't known"))
      }
      guard let given = (layer.argument("axis", 1) ?? layer.argument("squeeze_dims", 1))?.ints
      else { throw FormatError(.missingAttribute("axis")) }
      let rank = extents.count + 1 + (isLonger ? given.count : 0)
      let axes = given.map { $0 < 0 ? $0 + rank : $0 }
      guard axes.allSatisfy({ $0 > 0 && $0 < rank }), Set(axes).count == axes.count,
        let shape = change([1] + extents, axes)
      else {
        throw FormatError(
          .badAttribute("axis", value: "\(given)", expected: "axes of extent one after the batch"))
      }
      return try sketch.apply(Reshape(target: Array(shape.dropFirst())), [x])
    }
  }

  private static let binaryOperations: [(names: [String], kind: BinaryKernel)] = [
    (
      ["op:Add", "TFOpLambda:math.add", "TFOpLambda:__operators__.add", "TFOpLambda:nn.bias_add"],
      .add
    ),
    (["op:Subtract", "TFOpLambda:math.subtract"], .subtract),
    (["op:Multiply", "TFOpLambda:math.multiply"], .multiply),
    (
      ["op:TrueDivide", "op:Divide", "TFOpLambda:math.truediv", "TFOpLambda:math.divide"], .divide
    ),
    (["op:Maximum", "TFOpLambda:math.maximum"], .maximum),
    (["op:Minimum", "TFOpLambda:math.minimum"], .minimum),
    (["op:Power", "TFOpLambda:math.pow"], .power),
  ]

  private static let unaryOperations: [(names: [String], kind: UnaryKernel)] = [
    (["TFOpLambda:nn.elu"], .elu(alpha: 1)),
    (["op:Selu", "TFOpLambda:nn.selu"], .selu),
    (["op:Softplus", "TFOpLambda:nn.softplus", "TFOpLambda:math.softplus"], .softplus),
    (["op:Softsign", "TFOpLambda:nn.softsign"], .softsign),
    (["op:Reciprocal", "TFOpLambda:math.reciprocal"], .reciprocal),
    (["op:Relu", "TFOpLambda:nn.relu"], .relu),
    (["op:Relu6", "TFOpLambda:nn.relu6"], .clip(low: 0, high: 6)),
    (["op:Sigmoid", "TFOpLambda:math.sigmoid", "TFOpLambda:nn.sigmoid"], .sigmoid),
    (["op:Tanh", "TFOpLambda:math.tanh", "TFOpLambda:nn.tanh"], .tanh),
    (["op:Silu", "TFOpLambda:nn.silu", "TFOpLambda:nn.swish"], .swish),
    (["op:HardSilu", "op:HardSwish"], .hardSwish),
    (["op:HardSigmoid"], .hardSigmoid(alpha: 1 / 6, beta: 0.5)),
    (["op:Exp", "TFOpLambda:math.exp"], .exp), (["op:Log", "TFOpLambda:math.log"], .log),
    (["op:Sqrt", "TFOpLambda:math.sqrt"], .sqrt), (["op:Absolute", "TFOpLambda:math.abs"], .abs),
    (["op:Negative", "TFOpLambda:math.negative"], .negate),
  ]

  /// Two operands, either of which may be a constant; the order of the call counts.
  private static func drawBinary(
    _ kind: BinaryKernel, _ layer: KerasLayer, _ inputs: [ValueID], _ sketch: inout Sketch
  ) throws(FormatError) -> ValueID {
    var operands: [ValueID] = []
    for (k, names) in [["x", "x1", "value"], ["y", "x2", "bias"]].enumerated() {
      let argument = names.lazy.compactMap { layer.argument($0, k) }.first
      guard let argument else { throw FormatError(.missingAttribute(names[0])) }
      if let text = argument.string, text.hasPrefix("@"), let position = Int(text.dropFirst()),
        position < inputs.count
      {
        operands.append(inputs[position])
      } else if let tensor = argument.constantTensor {
        operands.append(sketch.constant(k == 0 ? "x" : "y", tensor))
      } else {
        throw FormatError(
          .badAttribute(names[0], value: argument.json(), expected: "a tensor or numbers"))
      }
    }
    return try sketch.one(Elementwise(kind: kind), operands)
  }

  private static func reduction(_ names: [String], _ kind: ReductionKernel) -> KerasRule {
    KerasRule(names) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try sketch.single(inputs)
      let rank = sketch.type(of: x).rank
      let given = layer.argument("axis", 1)?.ints ?? Array(0..<rank)
      let axes = given.map { $0 < 0 ? $0 + rank : $0 }.sorted()
      let keep = layer.argument("keepdims", 2)?.bool ?? false
      return try sketch.apply(Reduce(kind: kind, reducedAxes: axes, keepDims: keep), [x])
    }
  }

  private static func pool(_ names: [String], _ kind: PoolKernel) -> KerasRule {
    KerasRule(names) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      func pair(_ name: String, _ position: Int) -> [Int]? {
        layer.argument(name, position)?.ints.map { $0.count == 1 ? [$0[0], $0[0]] : $0.suffix(2) }
      }
      guard let size = pair("pool_size", 1) ?? pair("ksize", 1) else {
        throw FormatError(.missingAttribute("pool_size"))
      }
      let padding = layer.argument("padding", 3)?.string?.lowercased() ?? "valid"
      let geometry = WindowGeometry(
        size: size, strides: pair("strides", 2) ?? size, dilations: [1, 1],
        padding: padding == "same" ? .sameUpper : .valid)
      return try sketch.apply(
        Pool(kind: kind, geometry: geometry, layout: .channelsLast), [sketch.single(inputs)])
    }
  }

  /// `x[:, ::2, 1:]`: slices per axis; whole numbers and new axes aren't supported.
  private static func slice(
    _ layer: KerasLayer, _ inputs: [ValueID], _ sketch: inout Sketch
  ) throws(FormatError) -> [ValueID] {
    let x = try sketch.single(inputs)
    let given = (layer.argument("key", 1) ?? layer.argument("slice_spec", 1))
    guard let parts = given?.list ?? given.map({ [$0] }) else {
      throw FormatError(.missingAttribute("key"))
    }
    let rank = sketch.type(of: x).rank
    var ranges: [Slice.Range] = []
    var axis = 0
    for part in parts {
      guard let object = part.object else {
        throw FormatError(.unsupported("indexing by \(part.json()) isn't supported"))
      }
      if object["class_name"]?.string == "__ellipsis__" {
        axis = rank - (parts.count - axis - 1)
        continue
      }
      let members = object["config"]?.object ?? object
      let (start, stop) = (members["start"]?.int, members["stop"]?.int)
      let step = members["step"]?.int ?? 1
      if start != nil || stop != nil || step != 1 {
        ranges.append(
          Slice.Range(
            axis: axis, start: start ?? (step > 0 ? 0 : Int(Int32.max)), stop: stop, step: step))
      }
      axis += 1
    }
    return try sketch.apply(Slice(ranges: ranges), [x])
  }
}

extension KerasLayer {
  /// An argument by keyword, by position among the positional ones, or from the configuration.
  func argument(_ name: String, _ position: Int) -> FormatValue? {
    if let value = arguments[name] { return value }
    if let list = arguments["args"]?.list, position < list.count { return list[position] }
    return config[name].flatMap { $0.isNull ? nil : $0 }
  }
}

extension FormatValue {
  /// Numbers in nested lists as a float32 tensor.
  var constantTensor: Tensor? {
    guard let numbers = flattened else { return nil }
    var shape: [Int] = []
    var level = self
    while let list = level.list {
      shape.append(list.count)
      guard let first = list.first else { return nil }
      level = first
    }
    guard shape.reduce(1, *) == numbers.count else { return nil }
    return Tensor(numbers.map { Float($0) }, shape: shape)
  }
}
