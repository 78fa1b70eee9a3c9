import ECGraph

/// Puts layers of Keras 1 in the words of Keras 2.
struct Keras1 {
  /// The order of axes of layers that don't state theirs, such as ZeroPadding2D.
  private let format: String

  private static let classNames = [
    "Convolution1D": "Conv1D", "Convolution2D": "Conv2D", "Convolution3D": "Conv3D",
    "AtrousConvolution1D": "Conv1D", "AtrousConvolution2D": "Conv2D",
    "SeparableConvolution2D": "SeparableConv2D", "Deconvolution2D": "Conv2DTranspose",
    "TimeDistributedDense": "Dense",
  ]
  private static let merges = [
    "sum": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum", "concat": "Concatenate",
    "dot": "Dot",
  ]
  private static let keys = [
    "nb_filter": "filters", "subsample": "strides", "border_mode": "padding", "bias": "use_bias",
    "output_dim": "units", "atrous_rate": "dilation_rate", "p": "rate", "concat_axis": "axis",
    "dot_axes": "axes", "filter_length": "kernel_size", "subsample_length": "strides",
    "pool_length": "pool_size", "stride": "strides", "length": "size",
  ]
  /// Layers whose operands have channels, but whose meaning doesn't depend on where.
  private static let withoutFormat: Set = ["Flatten", "Merge"]

  /// Looks through a whole architecture for the order of axes that its layers state.
  init(_ architecture: FormatValue) {
    format = Keras1.usesChannelsFirst(architecture) ? "channels_first" : "channels_last"
  }

  private static func usesChannelsFirst(_ value: FormatValue) -> Bool {
    if let list = value.list { return list.contains { usesChannelsFirst($0) } }
    guard let object = value.object else { return false }
    return object["dim_ordering"]?.string == "th"
      || object.values.contains { usesChannelsFirst($0) }
  }

  /// The class and configuration; a layer that Keras 2 can't say keeps a class without a rule.
  func translated(_ className: String, _ config: FormatObject) -> (String, FormatObject) {
    if className == "BatchNormalization", let mode = config["mode"]?.int, mode != 0 {
      return ("BatchNormalization in mode \(mode)", config)
    }
    var name = Keras1.classNames[className] ?? className
    if className == "Merge" {
      let mode = config["mode"]?.string ?? "a function"
      let isPlain = config["layers"]?.list?.isEmpty ?? true
      name = (isPlain ? Keras1.merges[mode] : nil) ?? "Merge in mode \(mode)"
    }
    var result: FormatObject = [:]
    for (key, value) in config where key != "dim_ordering" && key != "mode" {
      result[Keras1.keys[key] ?? key] = value
    }
    if !Keras1.withoutFormat.contains(className) {
      result["data_format"] = .string(
        config["dim_ordering"]?.string.map { $0 == "th" ? "channels_first" : "channels_last" }
          ?? format)
    }
    for keys in [["nb_row", "nb_col"], ["kernel_dim1", "kernel_dim2", "kernel_dim3"]] {
      let sizes = keys.compactMap { config[$0] }
      if sizes.count == keys.count { result["kernel_size"] = .list(sizes) }
    }
    if className == "ZeroPadding2D" || className == "Cropping2D" {
      Keras1.pairs(&result, key: className == "Cropping2D" ? "cropping" : "padding")
    }
    return (name, result)
  }

  /// Four numbers, or an object of sides, as pairs.
  private static func pairs(_ config: inout FormatObject, key: String) {
    var sides = config[key]?.list ?? []
    if let object = config[key]?.object {
      sides = ["top_pad", "bottom_pad", "left_pad", "right_pad"].map { object[$0] ?? .int(0) }
    }
    if sides.count == 4 {
      config[key] = .list([.list(Array(sides[..<2])), .list(Array(sides[2...]))])
    }
  }
}
