import ECGraph

extension LayerDraft {
  /// The layer as Keras 3 writes it into a model's architecture.
  /// - Parameter layers: all layers of the model, that `arguments` refer to; `nil` in a Sequential,
  ///   whose layers have no calls of their own.
  func entry(in layers: [LayerDraft]?) -> FormatValue {
    var entry: FormatObject = [
      "module": .string(module), "class_name": .string(className),
      "config": .object(fullConfig),
      "registered_name": isPlain ? .null : .string(className),
    ]
    if let layers {
      entry["name"] = .string(name)
      entry["inbound_nodes"] = .list(kind == .input ? [] : [call(in: layers)])
    }
    return .object(entry)
  }

  private var isPlain: Bool { [.input, .layer, .sequential].contains(kind) }

  private var module: String {
    switch kind {
    case .input, .layer: "keras.layers"
    case .operation: "keras.src.ops.numpy"
    case .custom(let module): module
    case .sequential: "keras"
    }
  }

  private var fullConfig: FormatObject {
    switch kind {
    case .input:
      [
        "batch_shape": Self.batched(shape), "dtype": .string("float32"), "sparse": .bool(false),
        "name": .string(name),
      ]
    case .operation: ["name": .string(name)]
    case .sequential:
      [
        "name": .string(name), "trainable": .bool(true), "dtype": .string("float32"),
        "layers": .list(inner.map { $0.entry(in: nil) }),
      ]
    case .layer, .custom:
      FormatObject(
        uniqueKeysWithValues: [
          ("name", .string(name)), ("trainable", .bool(true)), ("dtype", .string("float32")),
        ] + config.map { ($0.key, $0.value) })
    }
  }

  private func call(in layers: [LayerDraft]) -> FormatValue {
    func tensor(_ output: Output) -> FormatValue {
      .object([
        "class_name": .string("__keras_tensor__"),
        "config": .object([
          "shape": Self.batched(output.shape), "dtype": .string("float32"),
          "keras_history": .list([.string(layers[output.layer].name), .int(0), .int(0)]),
        ]),
      ])
    }
    let args: [FormatValue] = arguments.map { argument in
      switch argument {
      case .output(let output): tensor(output)
      case .list(let outputs): .list(outputs.map(tensor))
      case .number(let number): .float(number)
      }
    }
    return .object(["args": .list(args), "kwargs": .object([:])])
  }

  private static func batched(_ shape: [Int?]) -> FormatValue {
    .list([.null] + shape.map { $0.map { .int($0) } ?? .null })
  }
}
