import ECGraph
import ECTensor

/// The activations that Keras knows by name.
enum KerasActivation {
  /// The function of a name, or `nil` for none (`linear`) or for one that isn't element-wise.
  ///
  /// `hard_sigmoid` differs: Keras 1 and 2 clip `0.2 x + 0.5`, Keras 3 takes `relu6(x + 3) / 6`.
  static func kernel(_ name: String, _ dialect: KerasDialect) -> UnaryKernel? {
    switch name {
    case "relu": .relu
    case "relu6": .clip(low: 0, high: 6)
    case "elu": .elu(alpha: 1)
    case "selu": .selu
    case "celu": .celu(alpha: 1)
    case "softplus": .softplus
    case "softsign": .softsign
    case "tanh": .tanh
    case "sigmoid": .sigmoid
    case "hard_sigmoid":
      dialect == .keras3
        ? .hardSigmoid(alpha: 1 / 6, beta: 0.5) : .hardSigmoid(alpha: 0.2, beta: 0.5)
    case "hard_swish", "hard_silu": .hardSwish
    case "swish", "silu": .swish
    case "gelu": .geluErf
    case "exponential": .exp
    case "mish": .mish
    case "leaky_relu": .leakyRelu(slope: 0.2)
    case "hard_tanh": .clip(low: -1, high: 1)
    case "soft_shrink": .softShrink(bound: 0.5)
    case "hard_shrink": .hardShrink(bound: 0.5)
    case "sparse_sigmoid": .hardSigmoid(alpha: 0.5, beta: 0.5)
    default: nil
    }
  }

  /// The names that `draw` takes.
  static let names = [
    "linear", "relu", "relu6", "elu", "selu", "celu", "softplus", "softsign", "tanh", "sigmoid",
    "hard_sigmoid", "hard_swish", "hard_silu", "swish", "silu", "gelu", "exponential", "mish",
    "leaky_relu", "hard_tanh", "soft_shrink", "hard_shrink", "softmax", "log_softmax",
    "log_sigmoid", "tanh_shrink", "squareplus", "sparse_plus", "sparse_sigmoid", "glu",
  ]

  /// The layers that may stand in place of a function, as an object or by their names.
  private static let layers: Set = ["ReLU", "LeakyReLU", "ELU", "ThresholdedReLU", "Softmax"]

  /// The name in a configuration value: a string, or an object that names a function or a class.
  static func name(of value: FormatValue?) -> String {
    guard let value, !value.isNull else { return "linear" }
    if let name = value.string { return base(name) }
    if let object = value.object {
      if let name = object["config"]?.string { return base(name) }
      if let name = object["class_name"]?.string { return base(name) }
    }
    return value.json()
  }

  private static func base(_ name: String) -> String {
    name.split(separator: ">").last.map(String.init) ?? name
  }

  /// Draws an activation on a value; `isLast` results carry the layer's name.
  /// - Throws: `FormatError.badAttribute` for an unknown name.
  static func draw(
    _ value: FormatValue?, on x: ValueID, _ layer: KerasLayer, _ sketch: inout Sketch,
    key: String = "activation"
  ) throws(FormatError) -> ValueID {
    let name = name(of: value)
    if name == "linear" { return x }
    if let kernel = kernel(name, layer.dialect) {
      return try sketch.one(Activation(kind: kernel), [x])
    }
    let axis = sketch.type(of: x).rank - 1
    switch name {
    case "softmax": return try sketch.one(Softmax(axis: axis, isLogarithm: false), [x])
    case "log_softmax": return try sketch.one(Softmax(axis: axis, isLogarithm: true), [x])
    case "log_sigmoid":
      let negative = try sketch.one(Activation(kind: .negate), [x], suffix: "negate")
      let soft = try sketch.one(Activation(kind: .softplus), [negative], suffix: "softplus")
      return try sketch.one(Activation(kind: .negate), [soft])
    case "tanh_shrink":
      let tanh = try sketch.one(Activation(kind: .tanh), [x], suffix: "tanh")
      return try sketch.one(Elementwise(kind: .subtract), [x, tanh])
    case "squareplus":
      let square = try sketch.one(Elementwise(kind: .multiply), [x, x], suffix: "square")
      let shifted = try sketch.one(
        Activation(kind: .linear(scale: 1, shift: 4)), [square], suffix: "shifted")
      let root = try sketch.one(Activation(kind: .sqrt), [shifted], suffix: "root")
      let sum = try sketch.one(Elementwise(kind: .add), [x, root], suffix: "sum")
      return try sketch.one(Activation(kind: .linear(scale: 0.5, shift: 0)), [sum])
    case "sparse_plus":
      // 0 below -1, x above 1, and (x + 1)² / 4 between
      let inner = try sketch.one(Activation(kind: .clip(low: -1, high: 1)), [x], suffix: "inner")
      let half = try sketch.one(
        Activation(kind: .linear(scale: 0.5, shift: 0.5)), [inner], suffix: "half")
      let square = try sketch.one(Elementwise(kind: .multiply), [half, half], suffix: "square")
      let shifted = try sketch.one(
        Activation(kind: .linear(scale: 1, shift: -1)), [x], suffix: "shifted")
      let above = try sketch.one(Activation(kind: .relu), [shifted], suffix: "above")
      return try sketch.one(Elementwise(kind: .add), [square, above])
    case "glu":
      guard let extent = sketch.type(of: x).shape[axis].value, extent % 2 == 0 else {
        throw FormatError(.unsupported("glu needs an even number of channels"))
      }
      func half(_ range: Range<Int>) -> Slice {
        Slice(ranges: [
          Slice.Range(axis: axis, start: range.lowerBound, stop: range.upperBound, step: 1)
        ])
      }
      let value = try sketch.one(half(0..<(extent / 2)), [x], suffix: "value")
      let gate = try sketch.one(half((extent / 2)..<extent), [x], suffix: "gate")
      let open = try sketch.one(Activation(kind: .sigmoid), [gate], suffix: "open")
      return try sketch.one(Elementwise(kind: .multiply), [value, open])
    case let name where layers.contains(name):
      guard let rule = OperatorTable.standard.keras[name] else { fallthrough }
      let config = value?.object?["config"]?.object ?? [:]
      let inner = KerasLayer(
        name: layer.name, className: name, config: config, dialect: layer.dialect)
      return try rule.read(inner, [x], &sketch)[0]
    default:
      throw FormatError(
        .badAttribute(key, value: "'\(name)'", expected: "a known activation"),
        remedy: "known are \(names.joined(separator: ", "))")
    }
  }
}
