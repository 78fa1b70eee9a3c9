import ECDiagnostics
import ECGraph

/// One result of one call of a layer.
struct TensorReference: Hashable {
  let layer: String
  let call: Int
  let result: Int
}

/// One call of a layer in a functional model.
struct LayerCall {
  /// The tensors it is called on, in order.
  let inputs: [TensorReference]
  /// All other arguments by keyword; positional ones under `args`, tensors as `"@k"`.
  let arguments: FormatObject
}

/// One layer, or a model within a model.
struct LayerConfig {
  let name: String
  /// The class name as written.
  let className: String
  /// The name under which its rule is found.
  let ruleName: String
  let config: FormatObject
  let calls: [LayerCall]
  /// The layers inside, for a nested model.
  let model: ModelConfig?

  /// The layer's own flag; `nil` where the file doesn't say.
  var isTrainable: Bool? { config["trainable"]?.bool }
  var isInput: Bool { className == "InputLayer" }
}

/// A Sequential or functional model, as its configuration says it.
struct ModelConfig {
  let name: String
  let isSequential: Bool
  let layers: [LayerConfig]
  let inputs: [TensorReference]
  let outputs: [TensorReference]
  /// The input shape that a Sequential states itself.
  let buildShape: FormatValue?

  /// Reads the configuration of a model.
  /// - Throws: `KerasError` where it can't be understood.
  init(_ value: FormatValue, dialect: KerasDialect, place: Place) throws(KerasError) {
    guard let object = value.object, let className = object["class_name"]?.string else {
      throw KerasError(.key("the configuration has no 'class_name'"), at: place)
    }
    let config = object["config"]
    if className == "Sequential" {
      let list = config?.list ?? config?.object?["layers"]?.list
      guard let list else {
        throw KerasError(.key("the Sequential has no 'layers'"), at: place)
      }
      name = config?.object?["name"]?.string ?? "sequential"
      isSequential = true
      var layers: [LayerConfig] = []
      for item in list {
        layers.append(try LayerConfig(item, dialect: dialect, place: place, knownLayers: []))
      }
      self.layers = layers
      (inputs, outputs) = ([], [])
      buildShape = config?.object?["build_input_shape"]
      return
    }
    guard let members = config?.object, let list = members["layers"]?.list else {
      throw KerasError(.subclassed(className), at: place)
    }
    guard let ins = members["input_layers"], let outs = members["output_layers"] else {
      throw KerasError(.subclassed(className), at: place)
    }
    name = members["name"]?.string ?? "model"
    isSequential = false
    let names = Set(list.compactMap { $0.object?["name"]?.string })
    var layers: [LayerConfig] = []
    for item in list {
      layers.append(try LayerConfig(item, dialect: dialect, place: place, knownLayers: names))
    }
    if dialect < .keras3 { layers = layers.map { $0.modelReferencesShifted(in: layers) } }
    self.layers = layers
    inputs = ModelConfig.references(ins)
    outputs = ModelConfig.shift(ModelConfig.references(outs), layers, dialect)
    buildShape = nil
  }

  /// All references in a nested list; a list that starts with a name is one reference.
  static func references(_ value: FormatValue) -> [TensorReference] {
    if let list = value.list {
      if let reference = TensorReference(list) { return [reference] }
      return list.flatMap(references)
    }
    if let object = value.object { return object.values.flatMap(references) }
    return []
  }

  /// In Keras 2 the calls of a nested model are counted from 1.
  private static func shift(
    _ references: [TensorReference], _ layers: [LayerConfig], _ dialect: KerasDialect
  ) -> [TensorReference] {
    guard dialect < .keras3 else { return references }
    return references.map { $0.shifted(LayerConfig.countedFromOne(layers, outputs: references)) }
  }
}

extension TensorReference {
  /// A reference written as `[name, call, result, …]`.
  init?(_ list: [FormatValue]) {
    guard list.count >= 3, let layer = list[0].string, let call = list[1].int,
      let result = list[2].int
    else { return nil }
    self.init(layer: layer, call: call, result: result)
  }

  func shifted(_ models: Set<String>) -> TensorReference {
    models.contains(layer)
      ? TensorReference(layer: layer, call: max(0, call - 1), result: result) : self
  }
}

extension LayerConfig {
  /// The nested models whose calls are counted from 1 in this file.
  static func countedFromOne(_ layers: [LayerConfig], outputs: [TensorReference] = [])
    -> Set<String>
  {
    var used: [String: Set<Int>] = [:]
    for reference in layers.flatMap({ $0.calls.flatMap(\.inputs) }) + outputs {
      used[reference.layer, default: []].insert(reference.call)
    }
    return Set(
      layers.filter { layer in
        guard layer.model != nil, let calls = used[layer.name] else { return false }
        return !calls.contains(0) || calls.contains(layer.calls.count)
      }.map(\.name))
  }

  /// This layer with references to nested models counted from 0.
  func modelReferencesShifted(in layers: [LayerConfig]) -> LayerConfig {
    let models = LayerConfig.countedFromOne(layers)
    if models.isEmpty { return self }
    return LayerConfig(
      name: name, className: className, ruleName: ruleName, config: config,
      calls: calls.map { call in
        LayerCall(inputs: call.inputs.map { $0.shifted(models) }, arguments: call.arguments)
      }, model: model)
  }
}
