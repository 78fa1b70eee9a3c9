import ECGraph
import ECTensor

/// Activation and normalization layers of Keras.
extension OperatorTable {
  static let kerasActivationRules: [KerasRule] = [
    KerasRule(["Activation"]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try sketch.single(inputs)
      return [try KerasActivation.draw(layer.config["activation"], on: x, layer, &sketch)]
    },
    KerasRule(["ReLU"]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try sketch.single(inputs)
      return [try drawReLU(x, layer, &sketch)]
    },
    KerasRule(["LeakyReLU"]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let key = layer.config["negative_slope"] == nil ? "alpha" : "negative_slope"
      let slope = Float(try layer.double(key, default: 0.3))
      return try sketch.apply(Activation(kind: .leakyRelu(slope: slope)), [sketch.single(inputs)])
    },
    KerasRule(["ELU"]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let alpha = Float(try layer.double("alpha", default: 1))
      return try sketch.apply(Activation(kind: .elu(alpha: alpha)), [sketch.single(inputs)])
    },
    KerasRule(["ThresholdedReLU"]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let theta = Float(try layer.double("theta", default: 1))
      return try sketch.apply(
        Activation(kind: .thresholdedRelu(alpha: theta)), [sketch.single(inputs)])
    },
    KerasRule(["PReLU"], weights: { _ in [KerasWeightName("alpha", aliases: ["alphas"])] }) {
      (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let alpha = sketch.constant("alpha", try layer.weight("alpha"))
      return try sketch.apply(PRelu(), [sketch.single(inputs), alpha])
    },
    KerasRule(["Softmax"]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try sketch.single(inputs)
      let axis = try layer.axis(rank: sketch.type(of: x).rank)
      return try sketch.apply(Softmax(axis: axis, isLogarithm: false), [x])
    },
    batchNorm,
  ]

  /// `min(x, max)` for `x >= threshold`, `slope · (x - threshold)` below.
  private static func drawReLU(_ x: ValueID, _ layer: KerasLayer, _ sketch: inout Sketch)
    throws(FormatError) -> ValueID
  {
    let limit = try layer.optionalDouble("max_value").map { Float($0) }
    let high = limit == .infinity ? nil : limit
    let slope = Float(try layer.double("negative_slope", default: 0))
    let threshold = Float(try layer.double("threshold", default: 0))
    if threshold == 0 && slope == 0 {
      return try sketch.one(Activation(kind: high.map { .clip(low: 0, high: $0) } ?? .relu), [x])
    }
    if threshold == 0 && high == nil {
      return try sketch.one(Activation(kind: .leakyRelu(slope: slope)), [x])
    }
    // Above: the part of x at or over the threshold; below: the slope on what is under it.
    let above = try sketch.one(
      Activation(kind: .thresholdedRelu(alpha: threshold.nextDown)), [x], suffix: "above")
    let limited =
      high == nil
      ? above
      : try sketch.one(
        Activation(kind: .clip(low: -.infinity, high: high ?? 0)), [above], suffix: "limited")
    if slope == 0 { return limited }
    let shifted = try sketch.one(
      Activation(kind: .linear(scale: 1, shift: -threshold)), [x], suffix: "shifted")
    let under = try sketch.one(
      Activation(kind: .clip(low: -.infinity, high: 0)), [shifted], suffix: "under")
    let sloped = try sketch.one(
      Activation(kind: .linear(scale: slope, shift: 0)), [under], suffix: "sloped")
    return try sketch.one(Elementwise(kind: .add), [limited, sloped])
  }

  private static let batchNorm = KerasRule(
    [
      "BatchNormalization", "SyncBatchNormalization", "BatchNormalizationV1",
      "BatchNormalizationV2",
    ],
    weights: { layer in
      (layer.bool("scale", default: true) ? [KerasWeightName("gamma")] : [])
        + (layer.bool("center", default: true) ? [KerasWeightName("beta")] : [])
        + [
          KerasWeightName("moving_mean", aliases: ["running_mean"], isTrainable: false),
          KerasWeightName(
            "moving_variance", aliases: ["running_std", "running_variance"], isTrainable: false),
        ]
    },
    read: { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      if layer.arguments["training"]?.bool == true {
        throw FormatError(
          .unsupported("the layer is called with training=True, so it uses the batch's statistics"))
      }
      if layer.bool("renorm", default: false) {
        throw FormatError(.unsupported("batch renormalization (renorm) isn't supported"))
      }
      let x = try sketch.single(inputs)
      let rank = sketch.type(of: x).rank
      let axis = try layer.axis(rank: rank)
      let mean = try layer.weight("moving_mean", "running_mean", shape: [nil])
      let count = mean.shape[0]
      func vector(_ name: String, _ flag: String, _ standard: Float) throws(FormatError) -> Tensor {
        layer.bool(flag, default: true)
          ? try layer.weight(name, shape: [count])
          : Tensor([Float](repeating: standard, count: count), shape: [count])
      }
      let gamma = sketch.constant("gamma", try vector("gamma", "scale", 1))
      let beta = sketch.constant("beta", try vector("beta", "center", 0))
      let mu = sketch.constant("moving_mean", mean)
      let variance = sketch.constant(
        "moving_variance",
        try layer.weight("moving_variance", "running_std", "running_variance", shape: [count]))
      let op = BatchNorm(
        epsilon: try layer.double("epsilon", default: 1e-3), axis: axis, rank: rank)
      return try sketch.apply(op, [x, gamma, beta, mu, variance])
    })
}
