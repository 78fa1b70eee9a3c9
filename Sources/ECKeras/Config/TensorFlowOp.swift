import ECGraph

/// A node of a TensorFlow graph that tf.keras 2.0 to 2.3 records as a layer, in the words of
/// `TFOpLambda`, its successor.
///
/// The configuration holds the node as JSON (`node_def`) and its constant operands by position; the
/// tensors of the call take the other positions. Source: `TensorFlowOpLayer` of tf.keras.
struct TensorFlowOp {
  static let className = "TensorFlowOpLayer"

  /// The key of the rule.
  let ruleName: String
  private let name: String
  private let attributes: FormatObject
  private let constants: [Int: FormatValue]

  /// Functions by nodes; only those whose operands are the same.
  private static let functions = [
    "Add": "math.add", "AddV2": "math.add", "BiasAdd": "nn.bias_add", "Sub": "math.subtract",
    "Mul": "math.multiply", "RealDiv": "math.truediv", "Div": "math.truediv",
    "Maximum": "math.maximum", "Minimum": "math.minimum", "Pow": "math.pow",
    "Relu": "nn.relu", "Relu6": "nn.relu6", "Elu": "nn.elu", "Selu": "nn.selu",
    "LeakyRelu": "nn.leaky_relu", "Softplus": "math.softplus", "Softsign": "nn.softsign",
    "Sigmoid": "math.sigmoid", "Tanh": "math.tanh", "Exp": "math.exp", "Log": "math.log",
    "Sqrt": "math.sqrt", "Rsqrt": "math.rsqrt", "Square": "math.square", "Abs": "math.abs",
    "Neg": "math.negative", "Inv": "math.reciprocal", "Reciprocal": "math.reciprocal",
    "Softmax": "nn.softmax", "Mean": "math.reduce_mean", "Max": "math.reduce_max",
    "Sum": "math.reduce_sum", "ConcatV2": "concat", "Reshape": "reshape",
    "Transpose": "transpose", "Pad": "pad", "PadV2": "pad", "ExpandDims": "expand_dims",
    "Squeeze": "squeeze", "Identity": "identity", "StopGradient": "stop_gradient",
  ]

  /// Reads the configuration of a layer; `nil` for other layers.
  init?(className: String, _ config: FormatObject) {
    guard className == Self.className else { return nil }
    let node = config["node_def"]?.object ?? [:]
    name = node["op"]?.string ?? ""
    ruleName = Self.functions[name].map { "TFOpLambda:\($0)" } ?? "\(Self.className):\(name)"
    attributes = node["attr"]?.object ?? [:]
    var constants: [Int: FormatValue] = [:]
    for (key, value) in config["constants"]?.object ?? [:] {
      if let position = Int(key) { constants[position] = value }
    }
    self.constants = constants
  }

  /// The arguments of a call on so many tensors.
  func arguments(tensorCount: Int) -> FormatObject {
    var args: [FormatValue] = []
    var next = 0
    while next < tensorCount || constants[args.count] != nil {
      if let constant = constants[args.count] {
        args.append(constant)
      } else {
        args.append(.string("@\(next)"))
        next += 1
      }
    }
    var result: FormatObject = [:]
    switch name {
    case "ConcatV2":
      if let axis = args.popLast() { result["axis"] = axis }
      args = [.list(args)]
    case "PadV2":
      if args.count == 3 { result["constant_values"] = args.removeLast() }
    case "LeakyRelu":
      result["alpha"] = attributes["alpha"]?.object?["f"]
    case "Mean", "Max", "Sum":
      result["keepdims"] = attributes["keep_dims"]?.object?["b"] ?? .bool(false)
    case "Squeeze":
      // Whole numbers of 64 bits are text in the JSON of a protobuf.
      let axes = attributes["squeeze_dims"]?.object?["list"]?.object?["i"]?.list ?? []
      result["axis"] = .list(axes.map { $0.string.flatMap { Int($0) }.map { .int($0) } ?? $0 })
    default: break
    }
    result["args"] = .list(args)
    return result
  }

  /// Puts operands that changed where the layer keeps them: among the constants of its configuration.
  static func keepConstants(_ form: inout KerasForm) {
    var constants = form.config["constants"]?.object ?? [:]
    for changes in form.arguments.values {
      for (position, value) in (changes["args"]?.list ?? []).enumerated()
      where constants["\(position)"] != nil {
        constants["\(position)"] = value
      }
    }
    form.config["constants"] = .object(constants)
    form.arguments = [:]
  }
}
