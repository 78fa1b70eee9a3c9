import ECGraph
import ECTensor

/// Layers that pool, move or merge data, or that do nothing at inference, written back.
extension OperatorTable {
  static let kerasShapeWrites: [KerasWriteRule] =
    ["1D", "2D", "3D"].flatMap { windowWrites($0) } + mergeWrites + passingWrites
    + augmentationWrites + [reshapeWrite, rescalingWrite, normalizationWrite]

  /// Layers that look through windows, by the number of picture axes.
  private static func windowWrites(_ rank: String) -> [KerasWriteRule] {
    let window = ["pool_size", "strides", "padding", "data_format"]
    let whole = ["data_format", "keepdims"]
    // Those of one axis have no `data_format` in Keras 2.
    let layout = rank == "1D" ? [] : ["data_format"]
    return [
      KerasWriteRule(plain: ["MaxPooling\(rank)", "MaxPool\(rank)"], keys: window),
      KerasWriteRule(plain: ["AveragePooling\(rank)", "AvgPool\(rank)"], keys: window),
      KerasWriteRule(plain: ["GlobalAveragePooling\(rank)", "GlobalAvgPool\(rank)"], keys: whole),
      KerasWriteRule(plain: ["GlobalMaxPooling\(rank)", "GlobalMaxPool\(rank)"], keys: whole),
      KerasWriteRule(
        plain: ["ZeroPadding\(rank)"], keys: ["padding"] + layout, ignored: ["data_format"]),
      KerasWriteRule(
        plain: ["Cropping\(rank)"], keys: ["cropping"] + layout, ignored: ["data_format"]),
      KerasWriteRule(
        plain: ["SpatialDropout\(rank)"], keys: ["rate"], ignored: ["data_format", "noise_shape"]),
    ]
  }

  private static let mergeWrites: [KerasWriteRule] =
    ["Add", "Multiply", "Maximum", "Minimum", "Subtract", "Average"].map {
      KerasWriteRule(plain: [$0], keys: [])
    } + [
      KerasWriteRule(plain: ["Concatenate"], keys: ["axis"], ignored: ["mode"]),
      KerasWriteRule(plain: ["Dot"], keys: ["axes", "normalize"]),
    ]

  private static let passingWrites: [KerasWriteRule] = [
    KerasWriteRule(plain: ["CenterCrop"], keys: ["height", "width"], ignored: ["data_format"]),
    KerasWriteRule(plain: ["UpSampling2D"], keys: ["size", "data_format", "interpolation"]),
    KerasWriteRule(
      plain: ["Resizing"], keys: ["height", "width", "interpolation"],
      ignored: ["data_format", "fill_mode", "fill_value"]),
    KerasWriteRule(plain: ["Dropout"], keys: ["rate"], ignored: ["noise_shape"]),
    KerasWriteRule(plain: ["AlphaDropout"], keys: ["rate"], ignored: ["noise_shape"]),
    KerasWriteRule(plain: ["GaussianDropout"], keys: ["rate"]),
    KerasWriteRule(plain: ["GaussianNoise"], keys: ["stddev"]),
    KerasWriteRule(plain: ["ActivityRegularization"], keys: ["l1", "l2"]),
    KerasWriteRule(plain: ["Identity"], keys: []),
    KerasWriteRule(plain: ["Flatten"], keys: ["data_format"]),
    KerasWriteRule(plain: ["Permute"], keys: ["dims"]),
    KerasWriteRule(plain: ["RepeatVector"], keys: ["n"]),
  ]

  private static let augmentationWrites: [KerasWriteRule] = {
    let filling = ["fill_mode", "interpolation", "fill_value"]
    let sizes = ["height_factor", "width_factor"]
    let keys: KeyValuePairs = [
      "RandomFlip": ["mode"], "RandomContrast": ["factor"],
      "RandomBrightness": ["factor", "value_range"], "RandomRotation": ["factor"] + filling,
      "RandomZoom": sizes + filling, "RandomTranslation": sizes + filling,
    ]
    return keys.map {
      KerasWriteRule(
        plain: [$0.key], keys: $0.value,
        ignored: ["data_format", "value_range", "bounding_box_format"])
    }
  }()

  /// The target takes the extents that the reshape has now; one that the source left open stays so.
  private static let reshapeWrite = KerasWriteRule(
    ["Reshape"],
    write: { (layer, drawing) throws(FormatError) in
      var form = KerasForm(config: layer.config)
      guard let old = layer.config["target_shape"]?.ints else { return form }
      let targets = drawing.calls.compactMap {
        $0.operators.lazy.compactMap { $0 as? Reshape }.first
      }
      .map { written($0.target, old) }
      guard let target = targets.first, targets.allSatisfy({ $0 == target }) else {
        throw FormatError(.unsupported("its calls have come to need different shapes"))
      }
      form.config["target_shape"] = .list(target.map { .int($0) })
      return form
    },
    common: { (layer) throws(FormatError) in
      KerasCommonForm("Reshape", try layer.commonConfig(["target_shape"]))
    })

  /// A target with an open extent where the source had it.
  static func written(_ target: [Int], _ old: [Int]) -> [Int] {
    guard target.count == old.count else { return target }
    return zip(target, old).map { $1 < 0 ? $1 : $0 }
  }

  /// Vectors follow the channels.
  private static let rescalingWrite = KerasWriteRule(
    ["Rescaling"],
    write: { (layer, drawing) throws(FormatError) in
      var form = KerasForm(config: layer.config)
      for key in ["scale", "offset"] where layer.config[key]?.list?.count ?? 0 > 1 {
        guard drawing.has(key) else { continue }
        form.config[key] = .list(
          try drawing.constant(key).floats().map { .float(Double($0)) })
      }
      return form
    },
    common: { (layer) throws(FormatError) in
      KerasCommonForm("Rescaling", try layer.commonConfig(["scale", "offset"]))
    })

  private static let normalizationWrite = KerasWriteRule(
    ["Normalization"],
    write: { (layer, drawing) throws(FormatError) in
      var form = KerasForm(config: layer.config, weights: layer.weights)
      let mean = try drawing.constant("mean")
      let deviation = try drawing.constant("deviation").floats()
      let variance = Tensor(deviation.map { $0 * $0 }, shape: [deviation.count])
      if layer.weights["mean"] != nil {
        form.weights["mean"] = mean
        form.weights["variance"] = variance
      } else {
        form.config["mean"] = .list(mean.floats().map { .float(Double($0)) })
        form.config["variance"] = .list(variance.floats().map { .float(Double($0)) })
      }
      return form
    },
    common: { (layer) throws(FormatError) in
      KerasCommonForm(
        "Normalization",
        try layer.commonConfig(["axis", "mean", "variance", "invert"]))
    })
}
