import ECGraph

/// The architecture of a functional model in the words of one generation.
struct FunctionalConfig {
  let dialect: KerasDialect
  /// The types of the results of all layers by name; only Keras 3 writes them.
  let types: [String: ValueType]

  /// The whole architecture.
  func architecture(_ name: String, _ spelling: LayerSpelling) -> FormatValue {
    let config: FormatObject = [
      "name": .string(name), "trainable": .bool(true),
      "layers": .list(spelling.inputs.map(input) + spelling.layers.map(layer)),
      "input_layers": .list(spelling.inputs.map { reference($0.name) }),
      "output_layers": .list(spelling.outputs.map(reference)),
    ]
    var model: FormatObject = ["class_name": .string("Functional"), "config": .object(config)]
    if dialect == .keras3 {
      model["module"] = .string("keras.src.models.functional")
      model["registered_name"] = .string("Functional")
    }
    return .object(model)
  }

  private func reference(_ layer: String) -> FormatValue {
    .list([.string(layer), .int(0), .int(0)])
  }

  private func shape(_ type: ValueType) -> FormatValue {
    .list(type.shape.map { $0.value.map { .int($0) } ?? .null })
  }

  private func input(_ name: String, _ type: ValueType) -> FormatValue {
    let key = dialect == .keras3 ? "batch_shape" : "batch_input_shape"
    return entry(
      "InputLayer", name, [key: shape(type), "dtype": .string(type.elementType.name)], calls: [])
  }

  private func layer(_ layer: SpelledLayer) -> FormatValue {
    var config: FormatObject = ["trainable": .bool(true), "dtype": .string(layer.dtype)]
    config.merge(layer.config) { $1 }
    return entry(layer.className, layer.name, config, calls: [call(layer.inputs)])
  }

  private func entry(
    _ className: String, _ name: String, _ config: FormatObject, calls: [FormatValue]
  ) -> FormatValue {
    var named: FormatObject = ["name": .string(name)]
    named.merge(config) { $1 }
    var entry: FormatObject = ["class_name": .string(className), "config": .object(named)]
    if dialect == .keras3 {
      entry["module"] = .string("keras.layers")
      entry["registered_name"] = .null
    }
    entry["name"] = .string(name)
    entry["inbound_nodes"] = .list(calls)
    return .object(entry)
  }

  private func call(_ inputs: [String]) -> FormatValue {
    guard dialect == .keras3 else {
      return .list(inputs.map { .list([.string($0), .int(0), .int(0), .object([:])]) })
    }
    let tensors = inputs.map(tensor)
    return .object([
      "args": .list(tensors.count == 1 ? tensors : [.list(tensors)]), "kwargs": .object([:]),
    ])
  }

  private func tensor(_ layer: String) -> FormatValue {
    let type = types[layer]
    return .object([
      "class_name": .string("__keras_tensor__"),
      "config": .object([
        "shape": type.map(shape) ?? .null,
        "dtype": .string(type?.elementType.name ?? "float32"),
        "keras_history": reference(layer),
      ]),
    ])
  }
}
