import ECGraph
import ECTensor

/// The Keras layers of one operator, each on the one before unless stated.
///
/// The layer with an empty suffix takes the operator's name; if none has, the last one does.
struct LayerChain {
  private var layers: [FormatLayer] = []
  /// The result so far.
  var result = LayerOperand.operand(0)

  /// Adds a layer and makes its result the one so far.
  @discardableResult
  mutating func add(
    _ className: String, _ config: FormatObject = [:], weights: [FormatWeight] = [],
    on inputs: [LayerOperand]? = nil, suffix: String
  ) -> LayerOperand {
    layers.append(
      FormatLayer(
        className, config: config, weights: weights, inputs: inputs ?? [result], suffix: suffix))
    result = .intermediate(layers.count - 1)
    return result
  }

  /// The layers, with the result so far as the operator's.
  var exported: ExportedLayers {
    var layers = layers
    if !layers.isEmpty && !layers.contains(where: { $0.suffix.isEmpty }) {
      layers[layers.count - 1].suffix = ""
    }
    return ExportedLayers(layers: layers, results: [result])
  }

  /// `scale · x + offset`; one number each, or one for each position of the last axis.
  @discardableResult
  mutating func rescale(
    _ scale: [Double] = [1], _ offset: [Double] = [0], on input: LayerOperand? = nil,
    suffix: String = "rescaling"
  ) -> LayerOperand {
    func value(_ numbers: [Double]) -> FormatValue {
      numbers.count == 1 ? .float(numbers[0]) : .list(numbers.map { .float($0) })
    }
    return add(
      "Rescaling", ["scale": value(scale), "offset": value(offset)], on: input.map { [$0] },
      suffix: suffix)
  }

  /// `max(x, 0)`, and no more than `limit`.
  mutating func relu(limit: Double? = nil, threshold: Double = 0, suffix: String = "relu") {
    add(
      "ReLU",
      [
        "max_value": limit.map { .float($0) } ?? .null, "negative_slope": .float(0),
        "threshold": .float(threshold),
      ], suffix: suffix)
  }

  /// An activation by its name.
  @discardableResult
  mutating func activation(_ name: String, on input: LayerOperand? = nil, suffix: String? = nil)
    -> LayerOperand
  {
    add(
      "Activation", ["activation": .string(name)], on: input.map { [$0] }, suffix: suffix ?? name)
  }

  /// Cells taken from the picture axes, or zeros added to them, of an image of 1 to 3 such axes.
  mutating func picture(_ className: String, _ key: String, _ begin: [Int], _ end: [Int]) {
    guard (begin + end).contains(where: { $0 != 0 }) else { return }
    let pairs = zip(begin, end).map { FormatValue.ints([$0, $1]) }
    add(
      "\(className)\(begin.count)D", [key: pairs.count == 1 ? pairs[0] : .list(pairs)],
      suffix: className == "Cropping" ? "crop" : "pad")
  }

  /// Zeros around the picture.
  mutating func zeros(_ begin: [Int], _ end: [Int]) {
    picture("ZeroPadding", "padding", begin, end)
  }

  /// Less of the picture.
  mutating func crop(_ begin: [Int], _ end: [Int]) {
    picture("Cropping", "cropping", begin, end)
  }

  /// Every so manieth cell of the picture, from the first.
  mutating func sample(_ strides: [Int]) {
    guard strides.contains(where: { $0 != 1 }) else { return }
    add(
      "MaxPooling\(strides.count)D",
      [
        "pool_size": .ints(strides.map { _ in 1 }), "strides": .ints(strides),
        "padding": .string("valid"), "data_format": .string("channels_last"),
      ], suffix: "sample")
  }
}

extension LayerContext {
  /// The extents of the picture axes of the first operand.
  func pictureExtents(_ layout: ImageLayout) -> [Int?] {
    operands.types[0].map { layout.spatialExtents($0) } ?? []
  }

  /// A constant operand; `nil` where it is computed or absent.
  func constant(_ operand: Int) -> Tensor? {
    operand < operands.constants.count ? operands.constants[operand] : nil
  }

  /// Whether an operand is absent or constant.
  func isFixed(_ operand: Int) -> Bool { !operands.has(operand) || constant(operand) != nil }
}
