import ECGraph

/// One result of one call of a layer.
struct TensorReference: Hashable {
  /// The layer's own name.
  let layer: String
  let call: Int
  let result: Int

  init(_ layer: String, call: Int = 0, result: Int = 0) {
    self.layer = layer
    self.call = call
    self.result = result
  }

  /// A reference written as `[name, call, result]`, perhaps with more behind.
  init?(_ list: [FormatValue]) {
    guard list.count >= 3, let layer = list[0].string, case .int(let call) = list[1],
      case .int(let result) = list[2]
    else { return nil }
    self.init(layer, call: call, result: result)
  }

  /// All references in nested lists and objects; members of objects in the order of their keys,
  /// as Keras flattens them.
  static func all(in value: FormatValue) -> [TensorReference] {
    if let list = value.list {
      if let reference = TensorReference(list) { return [reference] }
      return list.flatMap(all)
    }
    guard let object = value.object else { return [] }
    return object.keys.sorted().flatMap { object[$0].map(all) ?? [] }
  }
}

/// One call of a layer.
struct LayerCall {
  /// The tensors it is called on, in order.
  var inputs: [TensorReference]
  /// The other arguments by keyword; the positional ones under `args`, tensors as `"@k"`.
  let arguments: FormatObject

  /// The call of a layer in a chain.
  static func chained(to layer: String) -> LayerCall {
    LayerCall(inputs: [TensorReference(layer)], arguments: ["args": .list([.string("@0")])])
  }
}

/// One layer, operation or nested model, as the architecture has it.
struct LayerSource {
  /// A number that no other layer of the file has.
  let id: Int
  /// The name within its own model.
  let name: String
  /// The name with those of the models around it.
  let path: String
  /// The class name as the file has it.
  let declaredClass: String
  /// The key of the layer's rule in the table.
  let ruleName: String
  let config: FormatObject
  /// The generation of Keras whose functions it uses.
  let dialect: KerasDialect
  var calls: [LayerCall]
  /// The layers inside, for a nested model.
  let model: ModelSource?

  var isInput: Bool { model == nil && ruleName == "InputLayer" }

  /// Whether the model inside is applied to each step of a sequence, by a layer around it.
  var isStepped: Bool { model != nil && ruleName == Self.stepping }

  /// The class of layers that apply another layer, or a model, to each step.
  static let stepping = "TimeDistributed"

  /// The configurations of the nested model and of what is around it, the outermost first.
  var modelConfigs: [FormatObject] {
    [config] + (isStepped ? [config["layer"]?.object?["config"]?.object ?? [:]] : [])
  }
}

/// A model as the architecture has it; a Sequential as the functional model that it stands for.
struct ModelSource {
  let name: String
  let layers: [LayerSource]
  let inputs: [TensorReference]
  let outputs: [TensorReference]
  /// Whether the file has it as a Sequential.
  var isSequential = false

  /// All layers that aren't models, in the order of the file, nested ones in place.
  var leaves: [LayerSource] { layers.flatMap { $0.model?.leaves ?? [$0] } }
}
