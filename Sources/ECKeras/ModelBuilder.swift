import ECDiagnostics
import ECGraph
import ECTensor

/// Draws the layers of a model into a graph, models within models inlined.
struct ModelBuilder: ~Copyable {
  private let table: OperatorTable
  private var store: WeightStore
  private let dialect: KerasDialect
  private let place: Place
  private var graph: Graph
  /// Weights by the path of their layer.
  private var weights: [String: [String: Tensor]] = [:]
  /// Initializers by the path of their layer, for layers that are called more than once.
  private var shared: [String: [String: ValueID]] = [:]

  init(
    table: OperatorTable, store: consuming WeightStore, dialect: KerasDialect, place: Place,
    name: String
  ) {
    self.table = table
    self.store = store
    self.dialect = dialect
    self.place = place
    graph = Graph(name: name)
  }

  /// The graph, and remarks.
  consuming func finish() -> (Graph, [String]) {
    let notes = store.convertedCounts.sorted { $0.key < $1.key }.map {
      "\($0.value) weights stored as \($0.key) are used as float32"
    }
    return (graph, notes)
  }

  /// Draws the whole model: its inputs, its layers, its outputs.
  mutating func buildTopLevel(_ model: ModelConfig) throws(KerasError) {
    try loadWeights(model)
    let inputs = try makeInputs(model)
    let outputs = try build(model, inputs, prefix: "")
    for output in outputs { graph.addOutput(output) }
  }

  // MARK: Weights

  private mutating func loadWeights(_ model: ModelConfig) throws(KerasError) {
    for layer in model.layers {
      let here = place.appending(.layer(layer.name))
      if let inner = layer.model {
        let layers = ownedLayers(inner, [], isTrainable: layer.isTrainable ?? true)
        if layers.isEmpty { continue }
        let stored = try store.listed(layer.name)
        let assigned = try WeightAssignment.nested(stored, layers, at: here)
        for owned in layers {
          try load(assigned[owned.key] ?? [:], for: "\(layer.name)/\(owned.key)")
        }
      } else {
        let expected = expectedWeights(layer)
        if expected.isEmpty { continue }
        let stored = try store.listed(layer.name)
        try load(try WeightAssignment.leaf(stored, expected, at: here), for: layer.name)
      }
    }
  }

  private mutating func load(_ stored: [String: StoredWeight], for path: String)
    throws(KerasError)
  {
    var tensors: [String: Tensor] = [:]
    for (name, weight) in stored.sorted(by: { $0.key < $1.key }) {
      let here = place.appending(.layer(path)).appending(.weight(name))
      tensors[name] = try store.tensor(weight, at: here)
    }
    weights[path] = tensors
  }

  private func expectedWeights(_ layer: LayerConfig) -> [KerasWeightName] {
    guard let rule = table.keras[layer.ruleName] else { return [] }
    return rule.weights(neutral(layer, path: layer.name, arguments: [:]))
  }

  private func ownedLayers(_ model: ModelConfig, _ path: [String], isTrainable: Bool)
    -> [WeightAssignment.Inner]
  {
    model.layers.flatMap { layer -> [WeightAssignment.Inner] in
      let trained = isTrainable && (layer.isTrainable ?? true)
      if let inner = layer.model {
        return ownedLayers(inner, path + [layer.name], isTrainable: trained)
      }
      let expected = expectedWeights(layer)
      return expected.isEmpty
        ? []
        : [
          WeightAssignment.Inner(
            path: path + [layer.name], expected: expected, isTrainable: trained)
        ]
    }
  }

  // MARK: Inputs

  private mutating func makeInputs(_ model: ModelConfig) throws(KerasError) -> [ValueID] {
    if model.isSequential {
      let (name, shape) = try sequentialInput(model)
      return [addInput(name, shape)]
    }
    var result: [ValueID] = []
    for reference in model.inputs {
      guard let layer = model.layers.first(where: { $0.name == reference.layer }),
        let shape = inputShape(layer.config)
      else {
        throw KerasError(
          .reference("input layer '\(reference.layer)' doesn't exist or has no shape"), at: place)
      }
      result.append(addInput(layer.name, shape))
    }
    return result
  }

  private mutating func addInput(_ name: String, _ shape: [Int?]) -> ValueID {
    let dimensions = shape.enumerated().map { axis, extent -> Dimension in
      if axis == 0 { return .symbolic("batch") }
      return extent.map { .fixed($0) } ?? .symbolic("\(name)_axis\(axis)")
    }
    return graph.addInput(name, ValueType(.float32, dimensions))
  }

  /// The stated shape, the batch first.
  private func inputShape(_ config: FormatObject) -> [Int?]? {
    for key in ["batch_shape", "batch_input_shape"] {
      if let list = config[key]?.list { return list.map(\.int) }
    }
    for key in ["shape", "input_shape"] {
      if let list = config[key]?.list { return [nil] + list.map(\.int) }
    }
    return config["input_dim"]?.int.map { [nil, $0] }
  }

  private func sequentialInput(_ model: ModelConfig) throws(KerasError) -> (String, [Int?]) {
    guard let first = model.layers.first else {
      throw KerasError(.key("the Sequential has no layers"), at: place)
    }
    if first.isInput, let shape = inputShape(first.config) { return (first.name, shape) }
    let name = "\(first.name)_input"
    if let shape = inputShape(first.config) { return (name, shape) }
    if let inner = first.model {
      if inner.isSequential { return (name, try sequentialInput(inner).1) }
      if let reference = inner.inputs.first,
        let layer = inner.layers.first(where: { $0.name == reference.layer }),
        let shape = inputShape(layer.config)
      {
        return (name, shape)
      }
    }
    if let list = model.buildShape?.list { return (name, list.map(\.int)) }
    throw KerasError(
      .key("the input shape is unknown: neither an InputLayer nor the first layer states it"),
      at: place)
  }

  // MARK: Layers

  /// Draws a model on its inputs; gives its outputs.
  private mutating func build(_ model: ModelConfig, _ inputs: [ValueID], prefix: String)
    throws(KerasError) -> [ValueID]
  {
    if model.isSequential {
      var values = inputs
      for layer in model.layers where !layer.isInput {
        let call = LayerCall(inputs: [], arguments: ["args": .list([.string("@0")])])
        values = try apply(layer, call, values, prefix: prefix)
      }
      return values
    }
    var known: [TensorReference: ValueID] = [:]
    for (reference, value) in zip(model.inputs, inputs) {
      known[TensorReference(layer: reference.layer, call: 0, result: 0)] = value
      known[reference] = value
    }
    try buildLayers(model, &known, prefix: prefix)
    var outputs: [ValueID] = []
    for reference in model.outputs {
      guard let value = known[reference] else {
        throw KerasError(
          .reference("output '\(reference.layer)' (call \(reference.call)) can't be computed"),
          at: place)
      }
      outputs.append(value)
    }
    return outputs
  }

  /// Draws all calls whose inputs are known, until none is left; the order of the file may be any.
  private mutating func buildLayers(
    _ model: ModelConfig, _ known: inout [TensorReference: ValueID], prefix: String
  ) throws(KerasError) {
    var waiting: [(layer: LayerConfig, call: Int)] = model.layers.flatMap { layer in
      layer.isInput ? [] : layer.calls.indices.map { (layer, $0) }
    }
    while !waiting.isEmpty {
      var later: [(layer: LayerConfig, call: Int)] = []
      for (layer, index) in waiting {
        let call = layer.calls[index]
        let values = call.inputs.compactMap { known[$0] }
        guard values.count == call.inputs.count else {
          later.append((layer, index))
          continue
        }
        for (k, value) in try apply(layer, call, values, prefix: prefix).enumerated() {
          known[TensorReference(layer: layer.name, call: index, result: k)] = value
        }
      }
      if later.count == waiting.count { return }
      waiting = later
    }
  }

  private func neutral(_ layer: LayerConfig, path: String, arguments: FormatObject) -> KerasLayer {
    KerasLayer(
      name: path, className: layer.ruleName, config: layer.config, arguments: arguments,
      weights: weights[path] ?? [:], dialect: dialect)
  }

  /// Draws one call of a layer or nested model.
  private mutating func apply(
    _ layer: LayerConfig, _ call: LayerCall, _ inputs: [ValueID], prefix: String
  ) throws(KerasError) -> [ValueID] {
    let path = prefix + layer.name
    if let inner = layer.model { return try build(inner, inputs, prefix: path + "/") }
    let here = place.appending(.layer(path))
    guard let rule = table.keras[layer.ruleName] else {
      throw KerasError(.unsupportedLayers(["\(layer.className) '\(path)'"]), at: place)
    }
    var sketch = Sketch(graph: graph, layer: path, shared: shared[path] ?? [:])
    graph = Graph(name: "")
    do throws(FormatError) {
      let result = try rule.read(
        neutral(layer, path: path, arguments: call.arguments), inputs, &sketch)
      shared[path] = sketch.sharedConstants
      graph = sketch.finish()
      return result
    } catch {
      throw KerasError(
        .layer(KerasError.FormatFault(what: error.what, remedy: error.remedy)),
        at: here.appending(error.place))
    }
  }
}
