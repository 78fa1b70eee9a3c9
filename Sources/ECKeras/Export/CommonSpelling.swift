import ECGraph
import ECTensor

/// The architecture in words that Keras 2 (tf-keras) and Keras 3 both load.
///
/// That is the form of Keras 2, without the keys that only one of the two knows, and with every
/// operation as layers. Keras 2 counts the calls of a nested model from 1, Keras 3 from 0; so each
/// such call is written twice, and both find it.
struct CommonSpelling {
  /// Why a layer can't be written so.
  struct Obstacle: Error {
    let layer: String
    let words: String
  }

  let forms: LayerForms
  let table: OperatorTable
  /// The form of every layer that isn't a model, by id.
  let written: [Int: KerasForm]
  private(set) var obstacles: [Obstacle] = []

  init(forms: LayerForms, table: OperatorTable, written: [Int: KerasForm]) {
    self.forms = forms
    self.table = table
    self.written = written
  }

  /// The architecture and the weights; `nil` if there are obstacles.
  mutating func document(_ value: FormatValue, of model: ModelSource)
    -> (architecture: FormatObject, layers: [KerasDocument.Layer])?
  {
    let config = value.object?["config"] ?? .null
    let (spelled, layers) = self.model(model, config)
    if !obstacles.isEmpty { return nil }
    return (
      [
        "class_name": .string(model.isSequential ? "Sequential" : "Functional"),
        "config": .object(spelled),
      ], layers
    )
  }

  // MARK: Models

  private mutating func model(_ model: ModelSource, _ config: FormatValue)
    -> (FormatObject, [KerasDocument.Layer])
  {
    let object = config.object ?? [:]
    if [object["input_layers"], object["output_layers"]].contains(where: { $0?.hasObject ?? false })
    {
      obstacles.append(
        Obstacle(layer: model.name, words: "inputs or outputs are told apart by key"))
    }
    var entries: [FormatValue] = []
    var layers: [KerasDocument.Layer] = []
    var spelled: [CommonLayer] = []
    let used = CallNumbers(model)
    for layer in model.layers {
      do throws(Obstacle) {
        spelled.append(try self.layer(layer, config, Set(model.layers.map(\.name))))
      } catch {
        obstacles.append(error)
        spelled.append(CommonLayer(layer: layer, steps: [], inner: nil))
      }
    }
    let results = Dictionary(
      uniqueKeysWithValues: spelled.map { ($0.layer.name, $0.steps.last?.name ?? $0.layer.name) })
    func reference(_ reference: TensorReference) -> FormatValue {
      .list([
        .string(results[reference.layer] ?? reference.layer), .int(used.number(of: reference)),
        .int(reference.result),
      ])
    }
    for layer in spelled {
      if model.isSequential && !layer.isChain {
        obstacles.append(
          Obstacle(layer: layer.layer.path, words: "several layers stand for it, beside each other")
        )
      }
      entries += layer.entries(isChained: model.isSequential, used: used, reference)
      layers += layer.layers
    }
    var result: FormatObject = ["name": .string(model.name)]
    if let flag = object["trainable"]?.bool { result["trainable"] = .bool(flag) }
    result["layers"] = .list(entries)
    if !model.isSequential {
      result["input_layers"] = Self.flattened(model.inputs.map(reference))
      result["output_layers"] = Self.flattened(model.outputs.map(reference))
    }
    return (result, layers)
  }

  /// One reference stands alone: a list of one would be taken for a list of outputs.
  private static func flattened(_ references: [FormatValue]) -> FormatValue {
    references.count == 1 ? references[0] : .list(references)
  }

  // MARK: Layers

  private mutating func layer(
    _ layer: LayerSource, _ outer: FormatValue, _ names: Set<String>
  ) throws(Obstacle) -> CommonLayer {
    if layer.name.contains("/") {
      throw Obstacle(layer: layer.path, words: "Keras 3 allows no '/' in names")
    }
    if layer.isStepped {
      throw Obstacle(layer: layer.path, words: "layers around models are written otherwise")
    }
    try checkCalls(layer)
    if let inner = layer.model {
      let list = outer.list ?? outer.object?["layers"]?.list ?? []
      let entry = list.first { ConfigReader.name(of: $0) == layer.name }
      let (config, layers) = model(inner, entry?.object?["config"] ?? .null)
      let step = CommonStep(
        name: layer.name, className: inner.isSequential ? "Sequential" : "Functional",
        config: config, weights: [], sources: inner.inputs.indices.map { .input($0) })
      let isTrainable = layer.config["trainable"]?.bool ?? true
      return CommonLayer(
        layer: layer, steps: [step], inner: layers, isTrainable: isTrainable)
    }
    if layer.isInput { return input(layer) }
    guard let form = written[layer.id] else {
      throw Obstacle(layer: layer.path, words: "it is never called")
    }
    do throws(FormatError) {
      var steps = CommonSteps(forms: forms, layer: layer, form: form)
      try steps.spell(table.kerasWrites[layer.ruleName], apartFrom: names)
      return CommonLayer(
        layer: layer, steps: steps.steps, inner: nil,
        isTrainable: layer.config["trainable"]?.bool ?? true)
    } catch {
      throw Obstacle(layer: layer.path, words: error.what)
    }
  }

  private func input(_ layer: LayerSource) -> CommonLayer {
    let type = forms.type(of: layer, node: 0, result: 0)
    let known = InputShape(config: layer.config)
    let extents = (type?.shape ?? []).enumerated().map { axis, extent -> FormatValue in
      // What the source leaves open inside a model stays open, whatever is known of it here.
      if let known, known.extents.count == type?.rank, known.extents[axis] == nil,
        layer.path != layer.name
      {
        return .null
      }
      return extent.value.map { .int($0) } ?? .null
    }
    let step = CommonStep(
      name: layer.name, className: "InputLayer",
      config: [
        "name": .string(layer.name), "batch_input_shape": .list(extents),
        "dtype": .string(CommonSteps.dtype(layer.config)), "sparse": .bool(false),
        "ragged": .bool(false),
      ], weights: [], sources: [])
    return CommonLayer(layer: layer, steps: [step], inner: nil)
  }

  /// Layers other than operations are called on a tensor, or on one list of tensors.
  private func checkCalls(_ layer: LayerSource) throws(Obstacle) {
    if layer.ruleName.contains(":") { return }
    for call in layer.calls {
      let isPlain =
        call.inputs.count <= 1 || call.arguments["args"]?.list.map { $0.count == 1 } ?? true
      let extra = call.arguments.keys.filter { $0 != "args" && $0 != "training" && $0 != "mask" }
      guard isPlain, extra.isEmpty else {
        throw Obstacle(layer: layer.path, words: "it is called with arguments besides its tensors")
      }
    }
  }
}

/// The calls of nested models by the numbers under which both generations find them.
struct CallNumbers {
  private let models: Set<String>
  /// The calls of nested models that something reads, ascending.
  private let used: [String: [Int]]

  init(_ model: ModelSource) {
    models = Set(model.layers.filter { $0.model != nil }.map(\.name))
    let references = model.layers.flatMap { $0.calls.flatMap(\.inputs) } + model.outputs
    used = Dictionary(grouping: references, by: \.layer)
      .mapValues { Set($0.map(\.call)).sorted() }
  }

  /// The number of the call in a reference.
  func number(of reference: TensorReference) -> Int {
    guard models.contains(reference.layer) else { return reference.call }
    return 2 * (used[reference.layer]?.firstIndex(of: reference.call) ?? 0) + 1
  }

  /// The calls of a layer as they are listed: those of models twice each.
  func listed(_ layer: LayerSource) -> [Int] {
    guard layer.model != nil else { return Array(layer.calls.indices) }
    return (used[layer.name] ?? []).flatMap { [$0, $0] }
  }
}

extension FormatValue {
  /// Whether an object stands in it, in lists of lists too.
  fileprivate var hasObject: Bool { object != nil || (list?.contains { $0.hasObject } ?? false) }
}
