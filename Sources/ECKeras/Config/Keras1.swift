import ECGraph

/// Layers of Keras 1 in the words of Keras 2.
enum Keras1 {
  private static let classNames = [
    "Convolution2D": "Conv2D", "AtrousConvolution2D": "Conv2D",
    "SeparableConvolution2D": "SeparableConv2D",
  ]
  private static let merges = [
    "sum": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum", "concat": "Concatenate",
  ]
  private static let keys = [
    "nb_filter": "filters", "subsample": "strides", "border_mode": "padding", "bias": "use_bias",
    "output_dim": "units", "atrous_rate": "dilation_rate", "p": "rate", "concat_axis": "axis",
  ]

  /// The class and configuration; a layer that Keras 2 can't say keeps a class without a rule.
  static func translated(_ className: String, _ config: FormatObject) -> (String, FormatObject) {
    // Kernels of the "th" order are stored otherwise, and by Theano turned round besides.
    if config["dim_ordering"]?.string == "th" { return ("\(className) in 'th' order", config) }
    if className == "BatchNormalization", let mode = config["mode"]?.int, mode != 0 {
      return ("BatchNormalization in mode \(mode)", config)
    }
    var name = classNames[className] ?? className
    if className == "Merge" {
      let mode = config["mode"]?.string ?? "a function"
      let isPlain = config["layers"]?.list?.isEmpty ?? true
      name = (isPlain ? merges[mode] : nil) ?? "Merge in mode \(mode)"
    }
    var result: FormatObject = [:]
    for (key, value) in config where key != "dim_ordering" && key != "mode" {
      result[keys[key] ?? key] = value
    }
    if let rows = config["nb_row"], let columns = config["nb_col"] {
      result["kernel_size"] = .list([rows, columns])
    }
    return (name, result)
  }
}
