import ECDiagnostics
import ECGraph

/// Reads `model_config` into models and layers, whatever generation of Keras wrote it.
struct ConfigReader {
  let dialect: KerasDialect
  /// Remarks for the user.
  private(set) var notes: [String] = []
  private var keras1: Keras1?
  private var nextID = 0

  init(dialect: KerasDialect) {
    self.dialect = dialect
  }

  /// Reads the outermost model.
  mutating func document(_ value: FormatValue) throws(KerasError) -> ModelSource {
    guard let object = value.object, let className = object["class_name"]?.string,
      let config = object["config"]
    else { throw KerasError(.badConfig("the architecture has no 'class_name' or no 'config'")) }
    if dialect == .keras1 { keras1 = Keras1(value) }
    return try model(className, config, path: "")
  }

  private mutating func model(_ className: String, _ config: FormatValue, path: String)
    throws(KerasError) -> ModelSource
  {
    let here = path.isEmpty ? Place() : .layer(path)
    guard let list = config.list ?? config.object?["layers"]?.list else {
      let isPlain = ["Sequential", "Functional", "Model"].contains(className)
      throw KerasError(
        isPlain ? .badConfig("'layers' is missing") : .notModel(className: className), at: here)
    }
    let prefix = path.isEmpty ? "" : path + "/"
    let name = config.object?["name"]?.string ?? className.lowercased()
    var layers: [LayerSource] = []
    var names: Set<String> = []
    let known = Set(list.compactMap { Self.name(of: $0) })
    for entry in list {
      let layer = try layer(entry, prefix: prefix, modelName: name, known: known)
      guard names.insert(layer.name).inserted else {
        throw KerasError(.badConfig("two layers have the name '\(layer.name)'"), at: here)
      }
      layers.append(layer)
    }
    guard let ins = config.object?["input_layers"], let outs = config.object?["output_layers"]
    else {
      guard className == "Sequential" else {
        throw KerasError(
          .badConfig("'input_layers' or 'output_layers' is missing"), at: here)
      }
      return try chain(layers, name: name, config: config.object ?? [:], prefix: prefix, at: here)
    }
    var outputs = TensorReference.all(in: outs)
    if outputs.isEmpty { throw KerasError(.badConfig("the model has no outputs"), at: here) }
    if dialect < .keras3 { NodeNumbering.countFromZero(&layers, &outputs) }
    return ModelSource(
      name: name, layers: layers, inputs: TensorReference.all(in: ins), outputs: outputs)
  }

  /// The functional model that a Sequential stands for.
  private mutating func chain(
    _ layers: [LayerSource], name: String, config: FormatObject, prefix: String, at here: Place
  ) throws(KerasError) -> ModelSource {
    guard let first = layers.first else {
      throw KerasError(.badConfig("the Sequential '\(name)' has no layers"), at: here)
    }
    var chain = layers
    if !first.isInput {
      var members: FormatObject = [:]
      if let shape = InputShape(firstLayer: first, of: config) {
        members["batch_shape"] = shape.config
      }
      let input = LayerSource(
        id: takeID(), name: "\(first.name)_input", path: "\(prefix)\(first.name)_input",
        declaredClass: "InputLayer", ruleName: "InputLayer", config: members, dialect: dialect,
        calls: [], model: nil)
      chain.insert(input, at: 0)
    }
    for k in chain.indices.dropFirst() {
      chain[k].calls = [.chained(to: chain[k - 1].name)]
    }
    return ModelSource(
      name: name, layers: chain, inputs: [TensorReference(chain[0].name)],
      outputs: [TensorReference(chain[chain.count - 1].name)], isSequential: true)
  }

  private mutating func layer(
    _ value: FormatValue, prefix: String, modelName: String, known: Set<String>
  ) throws(KerasError) -> LayerSource {
    guard let object = value.object, let className = object["class_name"]?.string,
      let name = Self.name(of: value)
    else { throw KerasError(.badConfig("a layer has no 'class_name' or no 'name'")) }
    let here = Place.layer(prefix + name)
    let id = takeID()
    let config = object["config"]?.object ?? [:]
    var inner: ModelSource?
    var (ruleClass, ruleConfig) = (Self.baseName(className), config)
    if let keras1 { (ruleClass, ruleConfig) = keras1.translated(ruleClass, config) }
    if let nested = Self.nestedModel(object) {
      inner = try model(nested.className, nested.config, path: prefix + name)
    }
    var ruleName = ruleClass
    if inner == nil {
      if let config = KnownCode.scaling(ruleClass, name: name, config) {
        (ruleName, ruleConfig) = ("CustomScaleLayer", config)
      } else if KnownCode.isForeign(object, className: className) {
        ruleName = "custom:\(ruleClass)"
      } else {
        ruleName = self.ruleName(ruleClass, object)
      }
    }
    var calls: [LayerCall] = []
    for call in object["inbound_nodes"]?.list ?? [] {
      var reader = CallReader(known: known)
      guard let call = reader.call(call) else {
        throw KerasError(.badConfig("an entry of 'inbound_nodes' can't be understood"), at: here)
      }
      calls.append(call)
    }
    return LayerSource(
      id: id, name: name, path: prefix + name, declaredClass: className, ruleName: ruleName,
      config: ruleConfig, dialect: layerDialect(ruleConfig, modelName: modelName), calls: calls,
      model: inner)
  }

  /// The generation whose functions a layer uses.
  private mutating func layerDialect(_ config: FormatObject, modelName: String) -> KerasDialect {
    guard dialect < .keras3, config["activation"]?.string == "hard_sigmoid",
      KnownCode.redefinesHardSigmoid(modelName: modelName)
    else { return dialect }
    let note = "'hard_sigmoid' is taken as relu6(x + 3) / 6, as MobileNetV3 defines it"
    if !notes.contains(note) { notes.append(note) }
    return .keras3
  }

  /// Operations are looked up apart from the layers of the same class names: `op:Add`,
  /// `TFOpLambda:math.add`.
  private func ruleName(_ className: String, _ object: FormatObject) -> String {
    let config = object["config"]?.object ?? [:]
    if let op = TensorFlowOp(className: className, config) { return op.ruleName }
    if let function = config["function"]?.string, className.hasSuffix("OpLambda") {
      return "\(className):\(function)"
    }
    guard dialect == .keras3, className != "InputLayer" else { return className }
    if let module = object["module"]?.string {
      return module.split(separator: ".").contains("ops") ? "op:\(className)" : className
    }
    // The only operation with a type of its own is the one that converts to it.
    let isOperation =
      config["trainable"] == nil && (config["dtype"] == nil || className == "Cast")
    return isOperation ? "op:\(className)" : className
  }

  private mutating func takeID() -> Int {
    nextID += 1
    return nextID
  }

  static func name(of layer: FormatValue) -> String? {
    guard let object = layer.object else { return nil }
    if let name = object["name"]?.string ?? object["config"]?.object?["name"]?.string {
      return name
    }
    // A Sequential of Keras 1 is a bare list, which has no name of its own.
    return object["config"]?.list == nil ? nil : object["class_name"]?.string?.lowercased()
  }

  /// The class and configuration of a model as a layer, or of one that a layer applies to each step.
  private static func nestedModel(_ layer: FormatObject)
    -> (className: String, config: FormatValue)?
  {
    guard var className = layer["class_name"]?.string, var config = layer["config"],
      baseName(className) != "Merge"
    else { return nil }
    if baseName(className) == LayerSource.stepping, let inner = config.object?["layer"]?.object,
      let name = inner["class_name"]?.string, let members = inner["config"]
    {
      (className, config) = (name, members)
    }
    return config.list != nil || config.object?["layers"]?.list != nil ? (className, config) : nil
  }

  /// The class name without the package it is registered under.
  static func baseName(_ className: String) -> String {
    className.split(separator: ">").last.map(String.init) ?? className
  }
}

/// How calls of nested models are counted.
enum NodeNumbering {
  /// Keras 2 counts the calls of a nested model from 1: makes them count from 0, like all others.
  static func countFromZero(_ layers: inout [LayerSource], _ outputs: inout [TensorReference]) {
    var used: [String: Set<Int>] = [:]
    for reference in layers.flatMap({ $0.calls.flatMap(\.inputs) }) + outputs {
      used[reference.layer, default: []].insert(reference.call)
    }
    let models = Set(
      layers.filter { layer in
        guard layer.model != nil, !layer.isStepped, let calls = used[layer.name] else {
          return false
        }
        return calls.contains(layer.calls.count) || !calls.contains(0)
      }.map(\.name))
    if models.isEmpty { return }
    func shifted(_ reference: TensorReference) -> TensorReference {
      guard models.contains(reference.layer) else { return reference }
      return TensorReference(reference.layer, call: reference.call &- 1, result: reference.result)
    }
    for k in layers.indices {
      for call in layers[k].calls.indices {
        layers[k].calls[call].inputs = layers[k].calls[call].inputs.map(shifted)
      }
    }
    outputs = outputs.map(shifted)
  }
}
