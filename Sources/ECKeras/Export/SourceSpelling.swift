import ECGraph

/// The architecture of a file with the sizes of a changed graph; everything else stays as it is.
struct SourceSpelling {
  let forms: LayerForms
  let dialect: KerasDialect
  /// The form of every layer that isn't a model, by id.
  let written: [Int: KerasForm]

  /// The whole architecture.
  func architecture(_ value: FormatValue, of model: ModelSource) -> FormatValue {
    guard var object = value.object, let config = object["config"] else { return value }
    object["config"] = self.config(config, of: model)
    object["compile_config"] = nil
    return .object(object)
  }

  // MARK: Models

  private func config(_ value: FormatValue, of model: ModelSource) -> FormatValue {
    let layers = Dictionary(uniqueKeysWithValues: model.layers.map { ($0.name, $0) })
    func patched(_ list: [FormatValue]) -> FormatValue {
      .list(
        list.map { entry in
          guard let name = ConfigReader.name(of: entry), let layer = layers[name] else {
            return entry
          }
          return self.entry(entry, of: layer, in: layers)
        })
    }
    if let list = value.list { return patched(list) }
    guard var object = value.object, let list = object["layers"]?.list else { return value }
    object["layers"] = patched(list)
    if let shape = object["build_input_shape"], let input = model.inputs.first,
      let layer = layers[input.layer], let type = forms.type(of: layer, node: 0, result: 0)
    {
      object["build_input_shape"] = shape.withExtents(of: type)
    }
    return .object(object)
  }

  /// One entry of a list of layers.
  private func entry(
    _ value: FormatValue, of layer: LayerSource, in layers: [String: LayerSource]
  ) -> FormatValue {
    guard var object = value.object else { return value }
    if let inner = layer.model, layer.isStepped {
      object["config"] = object["config"]?.object.map { .object(around($0, of: inner)) }
    } else if let inner = layer.model {
      object["config"] = object["config"].map { config($0, of: inner) }
    } else if var config = object["config"]?.object {
      patch(&config, of: layer)
      object["config"] = .object(config)
    }
    if dialect == .keras3, object["module"] == nil { addModule(&object, layer) }
    build(&object, on: forms.inputType(of: layer))
    if let nodes = object["inbound_nodes"]?.list {
      let changes = written[layer.id]?.arguments ?? [:]
      object["inbound_nodes"] = .list(
        nodes.enumerated().map { k, node in
          let writer = CallWriter(changes: change(ofNode: k, of: layer, changes)) {
            reference in
            layers[reference.layer].flatMap {
              self.forms.type(of: $0, node: reference.call, result: reference.result)
            }
          }
          return writer.call(node)
        })
    }
    return .object(object)
  }

  /// The configuration of a layer that applies a model to each step.
  private func around(_ config: FormatObject, of inner: ModelSource) -> FormatObject {
    var object = config["layer"]?.object ?? [:]
    object["config"] = object["config"].map { self.config($0, of: inner) }
    let input = inner.inputs.first.flatMap { input in
      inner.layers.first { $0.name == input.layer }
    }
    build(&object, on: input.flatMap { forms.type(of: $0, node: 0, result: 0) })
    var result = config
    result["layer"] = .object(object)
    return result
  }

  /// Sets the extents that an entry says it was built on.
  private func build(_ object: inout FormatObject, on type: ValueType?) {
    guard var build = object["build_config"]?.object, let shape = build["input_shape"], let type
    else { return }
    build["input_shape"] = shape.withExtents(of: type)
    object["build_config"] = .object(build)
  }

  /// What changes in the call at a position of the architecture.
  private func change(
    ofNode node: Int, of layer: LayerSource, _ changes: [Int: FormatObject]
  ) -> FormatObject {
    forms.calls(of: layer).enumerated().first { $0.element.node == node }
      .flatMap { changes[$0.offset] } ?? [:]
  }

  // MARK: Layers

  private func patch(_ config: inout FormatObject, of layer: LayerSource) {
    if let form = written[layer.id] {
      for (key, value) in form.config where layer.config[key]?.json() != value.json() {
        config[key] = value
      }
    }
    let type =
      layer.isInput ? forms.type(of: layer, node: 0, result: 0) : forms.inputType(of: layer)
    guard let type else { return }
    for key in ["batch_shape", "batch_input_shape"] {
      config[key] = config[key]?.withExtents(of: type)
    }
    let sample = ValueType(type.elementType, Array(type.shape.dropFirst()))
    for key in ["shape", "input_shape"] { config[key] = config[key]?.withExtents(of: sample) }
  }

  /// Names where Keras 3 finds the class, which legacy files leave out: with it, it also finds the
  /// operations.
  private func addModule(_ object: inout FormatObject, _ layer: LayerSource) {
    guard let className = object["class_name"]?.string, !className.contains(">") else { return }
    if layer.ruleName.hasPrefix("op:") {
      object["module"] = .string(OperationModule.name(of: className))
      object["registered_name"] = .string(className)
    } else if layer.model != nil, !layer.isStepped {
      let isFunctional = className == "Functional"
      object["module"] = .string(isFunctional ? "keras.src.models.functional" : "keras")
      object["registered_name"] = isFunctional ? .string(className) : .null
    } else {
      object["module"] = .string("keras.layers")
      object["registered_name"] = .null
    }
  }
}

extension FormatValue {
  /// A list of extents, with the known ones of a type in the places of numbers; another rank, or no
  /// list, stays.
  func withExtents(of type: ValueType) -> FormatValue {
    guard let list, list.count == type.rank else { return self }
    return .list(
      zip(list, type.shape).map { old, extent in
        old.int == nil ? old : extent.value.map { .int($0) } ?? old
      })
  }
}

/// Where Keras 3 keeps the operations that a model records.
enum OperationModule {
  private static let classes: [(module: String, names: Set<String>)] = [
    (
      "core",
      ["Cast", "ConvertToTensor", "SaturateCast", "Scatter", "Slice", "StopGradient", "Unstack"]
    ),
    ("image", ["CropImages", "ExtractPatches", "PadImages", "RGBToGrayscale", "Resize"]),
    ("math", ["Erf", "Logsumexp", "Rsqrt", "TopK"]),
    ("linalg", ["Norm"]),
    (
      "nn",
      [
        "AveragePool", "BatchNorm", "Celu", "Conv", "ConvTranspose", "DepthToSpace",
        "DepthwiseConv", "DotProductAttention", "Elu", "Gelu", "Glu", "HardShrink", "HardSigmoid",
        "HardSilu", "HardTanh", "LayerNorm", "LeakyRelu", "LogSigmoid", "LogSoftmax", "MaxPool",
        "Moments", "Normalize", "OneHot", "RMSNorm", "Relu", "Relu6", "Selu", "SeparableConv",
        "Sigmoid", "Silu", "SoftShrink", "Softmax", "Softplus", "Softsign", "SpaceToDepth",
        "SparsePlus", "SparseSigmoid", "Sparsemax", "Squareplus", "TanhShrink", "Threshold",
      ]
    ),
  ]

  /// The module of an operation's class; most are of the numpy-like kind.
  static func name(of className: String) -> String {
    "keras.src.ops.\(classes.first { $0.names.contains(className) }?.module ?? "numpy")"
  }
}
