import ECGraph
import ECTensor

/// What most rules by which layers are written back have in common.
extension KerasWriteRule {
  /// A rule for layers whose configuration holds no size, and which own no weights.
  init(plain classNames: [String], keys: [String], ignored: [String] = []) {
    self.init(
      classNames, write: { layer, _ in KerasForm(config: layer.config) },
      common: { (layer) throws(FormatError) in
        KerasCommonForm(classNames[0], try layer.commonConfig(keys, ignored: ignored))
      })
  }
}

extension KerasLayer {
  /// Keys that say nothing about what a layer computes, or that are written otherwise.
  private static let silentKeys: Set<String> = [
    "name", "trainable", "dtype", "batch_input_shape", "batch_shape", "input_shape", "input_dtype",
    "input_dim", "autocast", "build_config", "seed", "rng_type", "force_generator", "fused",
    "virtual_batch_size", "adjustment", "quantization_config", "activity_regularizer",
  ]

  /// The keys of the configuration that both generations know.
  /// - Parameter ignored: further keys that one of the two has and whose value doesn't matter.
  /// - Throws: `FormatError` for any other key that has been given a value.
  func commonConfig(_ keys: [String], ignored: [String] = []) throws(FormatError) -> FormatObject {
    var result: FormatObject = [:]
    for (key, value) in config {
      if keys.contains(key) {
        result[key] = try value.commonObject(key)
      } else if !Self.silentKeys.contains(key) && !ignored.contains(key) && value.isGiven {
        throw FormatError(.unsupported("'\(key)' isn't known to Keras 2 and Keras 3 alike"))
      }
    }
    return result
  }

  /// The configuration, with an activation that both generations know under the same name; `linear`
  /// stands for another one, which has to be said by layers of its own.
  func commonForm(
    _ className: String, _ keys: [String], ignored: [String] = [], operatorCount: Int
  ) throws(FormatError) -> KerasCommonForm {
    var form = KerasCommonForm(className, try commonConfig(keys, ignored: ignored + ["activation"]))
    let name = KerasActivation.commonName(of: config["activation"])
    form.config["activation"] = .string(name ?? "linear")
    if name == nil { form.operatorCount = operatorCount }
    return form
  }
}

extension KerasActivation {
  /// The name under which both generations know an activation, or `nil`.
  ///
  /// `hard_sigmoid` is known to both, but not as the same function.
  static func commonName(of value: FormatValue?) -> String? {
    let name = name(of: value)
    switch name {
    case "linear", "relu", "elu", "selu", "softplus", "softsign", "tanh", "sigmoid", "softmax",
      "exponential", "swish", "mish", "gelu":
      return name
    case "silu": return "swish"
    default: return nil
    }
  }
}

extension FormatValue {
  /// Whether it is more than nothing, `false`, 1 or an empty list.
  fileprivate var isGiven: Bool {
    switch self {
    case .null, .bool(false), .int(1): false
    case .list(let items): !items.isEmpty
    default: true
    }
  }

  /// This value with initializers, regularizers and constraints in words that both generations know.
  fileprivate func commonObject(_ key: String) throws(FormatError) -> FormatValue {
    guard let object, let className = object["class_name"]?.string else { return self }
    let isInitializer = key.hasSuffix("initializer")
    if let registered = object["registered_name"]?.string, registered.contains(">") {
      // Loaded weights need no initializer, but training again does need a regularizer.
      if isInitializer { return .null }
      throw FormatError(.unsupported("'\(key)' is of a custom class"))
    }
    var config = object["config"]?.object ?? [:]
    config["input_axes"] = nil
    config["output_axes"] = nil
    if config["seed"]?.object != nil { config["seed"] = .null }
    return .object(["class_name": .string(className), "config": .object(config)])
  }
}
