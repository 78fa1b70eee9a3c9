import ECGraph
import ECTensor

/// Normalizations of Keras besides batch normalization, and the scale of residual branches.
extension OperatorTable {
  static let kerasNormalizationRules: [KerasRule] = [
    KerasRule(
      ["LayerNormalization"], weights: { $0.scaleAndShift },
      read: { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
        let x = try sketch.single(inputs)
        let shape = sketch.type(of: x).shape
        guard !layer.bool("rms_scaling", default: false) else {
          throw FormatError(.unsupported("'rms_scaling' isn't supported"))
        }
        let axes = try layer.normalizedAxes(rank: shape.count)
        var extents: [Int?] = []
        for axis in axes { extents.append(shape[axis].value) }
        let parameters = try layer.scaleAndShift(extents, &sketch)
        let op = LayerNorm(
          normalized: axes, epsilon: try layer.double("epsilon", default: 1e-3),
          isRootMeanSquare: false)
        return try sketch.apply(op, [x] + parameters)
      }),
    KerasRule(
      ["GroupNormalization"], weights: { $0.scaleAndShift },
      read: { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
        let x = try sketch.single(inputs)
        let shape = sketch.type(of: x).shape
        let axis = try layer.axis(rank: shape.count)
        guard shape.count >= 3, axis == 1 || axis == shape.count - 1,
          let channels = shape[axis].value
        else { throw FormatError(.unsupported("groups of this axis aren't supported")) }
        let given = try layer.int("groups", default: 32)
        let op = GroupNorm(
          groups: given == -1 ? channels : given,
          epsilon: try layer.double("epsilon", default: 1e-3),
          layout: axis == 1 ? .channelsFirst : .channelsLast, rank: shape.count)
        var parameters = try layer.scaleAndShift([channels], &sketch)
        for (k, number) in [Float(1), 0].enumerated() where parameters[k] == nil {
          parameters[k] = sketch.constant(
            k == 0 ? "gamma" : "beta",
            Tensor([Float](repeating: number, count: channels), shape: [channels]))
        }
        return try sketch.apply(op, [x] + parameters)
      }),
    KerasRule(["UnitNormalization"]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try sketch.single(inputs)
      let axes = try layer.normalizedAxes(rank: sketch.type(of: x).rank)
      let norm = try sketch.one(
        Reduce(kind: .l2, reducedAxes: axes, keepDims: true), [x], suffix: "norm")
      let least = sketch.constant("least", Tensor(scalar: 1e-6))
      let divisor = try sketch.one(
        Elementwise(kind: .maximum), [norm, least], suffix: "divisor")
      return try sketch.apply(Elementwise(kind: .divide), [x, divisor])
    },
    KerasRule(
      ["LayerScale"], weights: { _ in [KerasWeightName("gamma", aliases: ["variable"])] },
      read: { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
        let x = try sketch.single(inputs)
        let gamma = try layer.weight(
          "gamma", "variable", shape: [sketch.type(of: x).shape.last?.value])
        return try sketch.apply(
          Elementwise(kind: .multiply), [x, sketch.constant("gamma", gamma)])
      }),
  ]
}

extension KerasLayer {
  /// The weights of a scale and a shift, as far as the layer has them.
  fileprivate var scaleAndShift: [KerasWeightName] {
    (bool("scale", default: true) ? [KerasWeightName("gamma")] : [])
      + (bool("center", default: true) ? [KerasWeightName("beta")] : [])
  }

  /// The initializers of a scale and a shift; `nil` for one that the layer hasn't.
  fileprivate func scaleAndShift(
    _ extents: [Int?], _ sketch: inout Sketch
  ) throws(FormatError) -> [ValueID?] {
    var parameters: [ValueID?] = [nil, nil]
    if bool("scale", default: true) {
      parameters[0] = sketch.constant("gamma", try weight("gamma", shape: extents))
    }
    if bool("center", default: true) {
      parameters[1] = sketch.constant("beta", try weight("beta", shape: extents))
    }
    return parameters
  }

  /// The axes of `axis`, a number or a list, from the first and ascending.
  fileprivate func normalizedAxes(rank: Int) throws(FormatError) -> [Int] {
    var given = config["axis"]?.ints ?? []
    if given.isEmpty { given = [try axis(rank: rank)] }
    let axes = given.map { $0 < 0 ? $0 + rank : $0 }
    guard !axes.isEmpty, axes == Set(axes).sorted(), axes.allSatisfy({ 0..<rank ~= $0 }) else {
      throw FormatError(
        .badAttribute("axis", value: "\(given)", expected: "ascending axes of \(rank)"))
    }
    return axes
  }
}
