import ECGraph
import ECTensor

/// Layers of Keras that move data, merge it, or do nothing at inference.
extension OperatorTable {
  static let kerasShapeRules: [KerasRule] = [
    // Only act in training.
    KerasRule([
      "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout",
      "GaussianNoise", "AlphaDropout", "ActivityRegularization", "StochasticDepth", "FixedDropout",
      "DropConnect", "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation",
      "RandomContrast", "RandomBrightness", "RandomColorDegeneration", "RandomColorJitter",
      "RandomElasticTransform", "RandomErasing", "RandomGaussianBlur", "RandomGrayscale",
      "RandomHue", "RandomInvert", "RandomPerspective", "RandomSaturation", "RandomSharpness",
      "RandomShear", "AugMix", "CutMix", "MixUp", "RandAugment", "Identity",
    ]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      if layer.arguments["training"]?.bool == true {
        throw FormatError(
          .unsupported("the layer is called with training=True, so it is random at inference"))
      }
      return inputs
    },
    KerasRule(["Flatten"]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try sketch.single(inputs)
      let rank = sketch.type(of: x).rank
      guard layer.layout == .channelsFirst, rank > 2 else {
        return try sketch.apply(Flatten(), [x])
      }
      // Keras flattens in the order h, w, c whatever the data format.
      let last = try sketch.one(
        Transpose(order: [0] + Array(2..<rank) + [1]), [x], suffix: "channels_last")
      return try sketch.apply(Flatten(), [last])
    },
    KerasRule(["Reshape"]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      guard let target = layer.config["target_shape"]?.ints else {
        throw FormatError(.missingAttribute("target_shape"))
      }
      return try sketch.apply(Reshape(target: target), [sketch.single(inputs)])
    },
    KerasRule(["Permute"]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      guard let dims = layer.config["dims"]?.ints else {
        throw FormatError(.missingAttribute("dims"))
      }
      return try sketch.apply(Transpose(order: [0] + dims), [sketch.single(inputs)])
    },
    KerasRule(["Concatenate"]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      guard let first = inputs.first else { throw FormatError(.unsupported("nothing to join")) }
      let axis = try layer.axis(rank: sketch.type(of: first).rank)
      return try sketch.apply(Concat(axis: axis), inputs)
    },
    merge("Add", .add), merge("Multiply", .multiply), merge("Maximum", .maximum),
    merge("Minimum", .minimum), merge("Subtract", .subtract), merge("Average", .add, isMean: true),
    KerasRule(["Rescaling"]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try sketch.single(inputs)
      let scale = try numbers(layer, "scale", default: 1)
      let offset = try numbers(layer, "offset", default: 0)
      let hasOffset = offset.contains { $0 != 0 }
      let scaled = try sketch.one(
        Elementwise(kind: .multiply), [x, sketch.constant("scale", vector(scale))],
        suffix: hasOffset ? "scaled" : "")
      if !hasOffset { return [scaled] }
      return try sketch.apply(
        Elementwise(kind: .add), [scaled, sketch.constant("offset", vector(offset))])
    },
    KerasRule(["CustomScaleLayer"]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      guard inputs.count == 2 else {
        throw FormatError(
          .unsupported("the layer is called with \(inputs.count) inputs, expected 2"))
      }
      let scale = Float(try layer.double("scale", default: 1))
      let scaled = try sketch.one(
        Activation(kind: .linear(scale: scale, shift: 0)), [inputs[1]], suffix: "scaled")
      return try sketch.apply(Elementwise(kind: .add), [inputs[0], scaled])
    },
    normalization,
    KerasRule(["RepeatVector"]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try sketch.single(inputs)
      let count = try layer.int("n")
      guard let extents = sketch.type(of: x).fixedShapeAfterBatch, count > 0 else {
        throw FormatError(.unsupported("the vector's extent is unknown"))
      }
      let row = try sketch.one(Reshape(target: [1] + extents), [x], suffix: "row")
      return try sketch.apply(Concat(axis: 1), [ValueID](repeating: row, count: count))
    },
    KerasRule(["Dot"]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let axes = layer.config["axes"]?.ints ?? [-1]
      guard inputs.count == 2, inputs.allSatisfy({ sketch.type(of: $0).rank == 2 }),
        axes.allSatisfy({ $0 == 1 || $0 == -1 })
      else {
        throw FormatError(.unsupported("a dot product of other than two vectors isn't supported"))
      }
      var operands = inputs
      if layer.bool("normalize", default: false) {
        for k in 0..<2 {
          let norm = try sketch.one(
            Reduce(kind: .l2, reducedAxes: [1], keepDims: true), [inputs[k]], suffix: "norm\(k)")
          let floor = try sketch.one(
            Activation(kind: .clip(low: 1e-6, high: .infinity)), [norm], suffix: "floor\(k)")
          operands[k] = try sketch.one(
            Elementwise(kind: .divide), [inputs[k], floor], suffix: "unit\(k)")
        }
      }
      let product = try sketch.one(Elementwise(kind: .multiply), operands, suffix: "product")
      return try sketch.apply(Reduce(kind: .sum, reducedAxes: [1], keepDims: true), [product])
    },
  ]

  /// One number or a list of them, perhaps as an array that Keras 3 wrote.
  private static func numbers(_ layer: KerasLayer, _ key: String, default standard: Double)
    throws(FormatError) -> [Double]
  {
    guard let value = layer.config[key], !value.isNull else { return [standard] }
    guard let numbers = (value.object?["config"]?.object?["value"] ?? value).flattened,
      !numbers.isEmpty
    else { throw FormatError(.badAttribute(key, value: value.json(), expected: "numbers")) }
    return numbers
  }

  /// One number as a scalar, several as a vector.
  private static func vector(_ numbers: [Double]) -> Tensor {
    let floats = numbers.map { Float($0) }
    return floats.count == 1 ? Tensor(scalar: floats[0]) : Tensor(floats, shape: [floats.count])
  }

  /// A merging layer: operands of lower rank get axes of extent one after the batch.
  private static func merge(_ name: String, _ kind: BinaryKernel, isMean: Bool = false) -> KerasRule
  {
    KerasRule([name]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      guard inputs.count >= 2 else {
        throw FormatError(
          .unsupported("the layer merges \(inputs.count) inputs, expected 2 or more"))
      }
      let rank = inputs.reduce(0) { max($0, sketch.type(of: $1).rank) }
      var operands: [ValueID] = []
      for (k, x) in inputs.enumerated() {
        let type = sketch.type(of: x)
        guard type.rank < rank else {
          operands.append(x)
          continue
        }
        guard let extents = type.fixedShapeAfterBatch else {
          throw FormatError(.unsupported("inputs of different ranks and unknown extents"))
        }
        let ones = [Int](repeating: 1, count: rank - type.rank)
        operands.append(
          try sketch.one(Reshape(target: ones + extents), [x], suffix: "operand\(k)"))
      }
      var result = operands[0]
      for (k, x) in operands.enumerated().dropFirst() {
        let isLast = k == operands.count - 1 && !isMean
        result = try sketch.one(
          Elementwise(kind: kind), [result, x], suffix: isLast ? "" : "partial\(k)")
      }
      if !isMean { return [result] }
      let share = 1 / Float(operands.count)
      return try sketch.apply(Activation(kind: .linear(scale: share, shift: 0)), [result])
    }
  }

  /// `(x - mean) / max(sqrt(variance), 1e-7)`, or the inverse of that.
  private static let normalization = KerasRule(
    ["Normalization"],
    weights: { layer in
      if layer.config["mean"].map({ !$0.isNull }) ?? false { return [] }
      return ["mean", "variance", "count"].map { KerasWeightName($0, isTrainable: false) }
    },
    read: { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try sketch.single(inputs)
      func numbers(_ name: String) throws(FormatError) -> [Float] {
        if let stored = layer.weights[name] { return stored.floats() }
        if let given = layer.config[name]?.flattened { return given.map { Float($0) } }
        throw FormatError(.missingWeight(name))
      }
      let mean = try numbers("mean")
      let deviation = try numbers("variance").map { max($0.squareRoot(), 1e-7) }
      let shape = try keptShape(layer, sketch.type(of: x), count: mean.count)
      guard deviation.count == mean.count else {
        throw FormatError(
          .weightShape("variance", found: [deviation.count], expected: [mean.count]))
      }
      let mu = sketch.constant("mean", Tensor(mean, shape: shape))
      let sigma = sketch.constant("deviation", Tensor(deviation, shape: shape))
      if layer.bool("invert", default: false) {
        let scaled = try sketch.one(Elementwise(kind: .multiply), [x, sigma], suffix: "scaled")
        return try sketch.apply(Elementwise(kind: .add), [scaled, mu])
      }
      let centred = try sketch.one(Elementwise(kind: .subtract), [x, mu], suffix: "centred")
      return try sketch.apply(Elementwise(kind: .divide), [centred, sigma])
    })
}

extension OperatorTable {
  /// The shape in which numbers for the kept axes of a Normalization are broadcast.
  fileprivate static func keptShape(_ layer: KerasLayer, _ type: ValueType, count: Int)
    throws(FormatError) -> [Int]
  {
    let given = layer.config["axis"]?.ints ?? []
    let axes = given.map { $0 < 0 ? $0 + type.rank : $0 }
    guard axes.allSatisfy({ $0 > 0 && $0 < type.rank }) else {
      throw FormatError(
        .badAttribute("axis", value: "\(given)", expected: "axes of \(type.rank) after the batch"))
    }
    if count == 1 { return [] }
    let last = type.rank - 1
    let shape = (0...last).map { axis in
      // Only one axis kept: its extent is the number of values, also where the picture is open.
      axes.contains(axis) ? type.shape[axis].value ?? (axes.count == 1 ? count : 0) : 1
    }
    guard shape.reduce(1, *) == count else {
      throw FormatError(
        .weightShape("mean", found: [count], expected: axes.map { shape[$0] }))
    }
    return axes == [last] ? [count] : shape
  }
}

extension FormatValue {
  /// All numbers in nested lists, in order.
  var flattened: [Double]? {
    if let number = double { return [number] }
    guard let list else { return nil }
    let parts = list.compactMap(\.flattened)
    return parts.count == list.count ? parts.flatMap { $0 } : nil
  }
}
