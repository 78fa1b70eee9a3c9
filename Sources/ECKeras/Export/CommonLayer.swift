import ECGraph
import ECTensor

/// One layer in common words, which may be one of several that stand for a layer of the source.
struct CommonStep {
  /// What a step reads: a tensor that the source's layer is called on, or the result of a step.
  enum Source: Equatable {
    case input(Int)
    case step(Int)
  }

  private(set) var name: String
  let className: String
  /// The whole configuration.
  private(set) var config: FormatObject
  let weights: [KerasDocument.Weight]
  let sources: [Source]

  /// Gives the step another name.
  mutating func rename(to name: String) {
    self.name = name
    config["name"] = .string(name)
  }
}

/// A layer of the source in common words.
struct CommonLayer {
  let layer: LayerSource
  /// The layers that stand for it; the last one gives its result.
  let steps: [CommonStep]
  /// The layers inside, for a nested model.
  let inner: [KerasDocument.Layer]?
  var isTrainable = true

  /// Whether the steps follow each other without a branch, as a Sequential needs it.
  var isChain: Bool {
    steps.indices.dropFirst().allSatisfy { steps[$0].sources == [.step($0 - 1)] }
  }

  /// The entries in a list of layers.
  /// - Parameter reference: writes a reference to a tensor of the source's model.
  func entries(
    isChained: Bool, used: CallNumbers, _ reference: (TensorReference) -> FormatValue
  ) -> [FormatValue] {
    steps.map { step in
      var entry: FormatObject = [
        "class_name": .string(step.className), "config": .object(step.config),
      ]
      if isChained { return .object(entry) }
      entry["name"] = .string(step.name)
      entry["inbound_nodes"] = .list(
        used.listed(layer).map { call in
          let keywords = keywords(of: call)
          return .list(
            step.sources.map { source in
              let target: FormatValue =
                switch source {
                case .input(let k): reference(layer.calls[call].inputs[k])
                case .step(let k): .list([.string(steps[k].name), .int(call), .int(0)])
                }
              return .list((target.list ?? []) + [.object(keywords)])
            })
        })
      return .object(entry)
    }
  }

  /// The only argument that is kept: whether a layer, or a model, is called for inference on purpose.
  private func keywords(of call: Int) -> FormatObject {
    guard let training = layer.calls[call].arguments["training"]?.bool,
      // Keras 3 doesn't heed it, tf-keras would.
      !training || layer.dialect < .keras3
    else { return [:] }
    return ["training": .bool(training)]
  }

  /// The layers with their weights.
  var layers: [KerasDocument.Layer] {
    steps.map { step in
      KerasDocument.Layer(
        name: step.name, className: step.className, isTrainable: isTrainable,
        content: inner.map { .model($0) } ?? .weights(step.weights))
    }
  }
}

/// Finds the steps that stand for one layer.
struct CommonSteps {
  private let forms: LayerForms
  private let layer: LayerSource
  private let form: KerasForm
  private(set) var steps: [CommonStep] = []

  init(forms: LayerForms, layer: LayerSource, form: KerasForm) {
    self.forms = forms
    self.layer = layer
    self.form = form
  }

  /// Spells the layer by its rule, and what the rule leaves over by the operators.
  /// - Parameter taken: the names of the layers of the model.
  /// - Throws: `FormatError` saying what the two generations have not in common.
  mutating func spell(_ rule: KerasWriteRule?, apartFrom taken: Set<String>) throws(FormatError) {
    let isOperation = layer.ruleName.contains(":")
    guard rule != nil || isOperation else {
      throw FormatError(.unsupported("layers of this class aren't written so"))
    }
    let inputs = (layer.calls.first?.inputs.count ?? 1)
    let common = try rule?.common(forms.layer(layer, config: form.config))
    if let common {
      let weights = try forms.weights(of: layer, form)
      steps.append(
        CommonStep(
          name: layer.name, className: common.className,
          config: whole(common.config, layer.name, hasWeights: !weights.isEmpty),
          weights: weights, sources: (0..<inputs).map { .input($0) }))
      guard let count = common.operatorCount else { return }
      try addOperators(after: count)
      rename(apartFrom: taken, keeping: 0)
    } else {
      try addOperators(after: 0)
      rename(apartFrom: taken, keeping: steps.count - 1)
    }
  }

  /// A configuration with the keys that all layers have.
  ///
  /// Whether it is trained is said of layers with weights only: some others of Keras 3 refuse it.
  private func whole(_ config: FormatObject, _ name: String, hasWeights: Bool) -> FormatObject {
    var result: FormatObject = ["name": .string(name)]
    if hasWeights {
      result["trainable"] = .bool(layer.config["trainable"]?.bool ?? true)
    }
    result["dtype"] = .string(Self.dtype(layer.config))
    result.merge(config) { $1 }
    return result
  }

  /// The name of the data type or policy of a layer.
  static func dtype(_ config: FormatObject) -> String {
    guard let value = config["dtype"], !value.isNull else { return "float32" }
    return value.string ?? value.object?["config"]?.object?["name"]?.string ?? "float32"
  }

  // MARK: Operators

  private mutating func addOperators(after first: Int) throws(FormatError) {
    guard let call = forms.calls(of: layer).first, call.results.count == 1 else {
      throw FormatError(.unsupported("it has several results"))
    }
    let graph = forms.graph
    var sources: [ValueID: CommonStep.Source] = [:]
    for (k, input) in call.inputs.enumerated() { sources[input] = .input(k) }
    if first > 0, first <= call.nodes.count {
      sources[graph[call.nodes[first - 1]].outputs[0]] = .step(0)
    }
    for node in call.nodes.dropFirst(first) { try add(graph[node], graph, &sources) }
    let result = sources[call.results[0]]
    if result == .step(steps.count - 1), !steps.isEmpty { return }
    guard let result, steps.isEmpty else {
      throw FormatError(.unsupported("its operators have no such form"))
    }
    steps.append(
      step(FormatLayer("Activation", config: ["activation": .string("linear")]), [result]))
  }

  private mutating func add(
    _ node: Node, _ graph: Graph, _ sources: inout [ValueID: CommonStep.Source]
  ) throws(FormatError) {
    let operands = graph.operands(of: node)
    let context = LayerContext(
      dialect: .keras2, operands: operands, results: node.outputs.map { graph[$0].type },
      nonNegative: node.inputs.map { _ in false })
    guard let exported = node.op.kerasLayers(context), exported.results.count == 1 else {
      throw FormatError(.unsupported("\(node.op.name) has no such form"))
    }
    let base = steps.count
    func source(_ operand: LayerOperand) throws(FormatError) -> CommonStep.Source {
      switch operand {
      case .intermediate(let k): return .step(base + k)
      case .operand(let k):
        guard let id = node.inputs[k], let source = sources[id] else {
          throw FormatError(.unsupported("\(node.op.name) of a constant has no such form"))
        }
        return source
      }
    }
    for layer in exported.layers {
      var inputs: [CommonStep.Source] = []
      for operand in layer.inputs { inputs.append(try source(operand)) }
      steps.append(step(layer, inputs))
    }
    sources[node.outputs[0]] = try source(exported.results[0])
  }

  private func step(_ layer: FormatLayer, _ sources: [CommonStep.Source]) -> CommonStep {
    let name = self.layer.name
    return CommonStep(
      name: name, className: layer.className,
      config: whole(layer.config, name, hasWeights: !layer.weights.isEmpty),
      weights: layer.weights.map {
        KerasDocument.Weight($0.name, $0.tensor, isTrainable: $0.isTrainable)
      }, sources: sources)
  }

  /// Gives the steps names of their own: the layer's goes to the one with its weights, or else to the
  /// last one.
  private mutating func rename(apartFrom taken: Set<String>, keeping kept: Int) {
    var taken = taken
    for k in steps.indices where k != kept {
      let isEnd = k == steps.count - 1
      var name = "\(layer.name)_\(isEnd ? "activation" : "\(k + 1)")"
      while !taken.insert(name).inserted { name += "_" }
      steps[k].rename(to: name)
    }
  }
}
