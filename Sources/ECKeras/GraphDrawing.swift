import ECDiagnostics
import ECGraph
import ECTensor

/// Draws the layers of a model into a graph; models within models are inlined.
struct GraphDrawing {
  let table: OperatorTable
  /// The weights by the layer's id and the name that its rule uses.
  let weights: [Int: [String: Tensor]]
  private var graph: Graph
  /// The initializers of each layer by the names its rule gave them, shared by all its calls.
  private var constants: [Int: [String: ValueID]] = [:]
  private var callCounts: [Int: Int] = [:]
  /// What was drawn of every layer and nested model, by id.
  private(set) var drawn: [Int: DrawnLayer] = [:]
  /// Weights of other extents than the configuration says.
  private var mismatches: [(error: KerasError, mismatch: WeightMismatch)] = []

  init(table: OperatorTable, weights: [Int: [String: Tensor]], name: String) {
    self.table = table
    self.weights = weights
    graph = Graph(name: name)
  }

  /// Draws the whole model with its inputs and outputs, which get the names of their layers.
  mutating func draw(_ model: ModelSource) throws(KerasError) -> Graph {
    let layers = Dictionary(uniqueKeysWithValues: model.layers.map { ($0.name, $0) })
    var inputs: [ValueID] = []
    for reference in model.inputs {
      guard let layer = layers[reference.layer], layer.isInput else {
        throw KerasError(.badConfig("the input '\(reference.layer)' is no input layer"))
      }
      guard let shape = InputShape(config: layer.config) ?? guess(model) else {
        throw KerasError(.badConfig("the input has no shape"), at: .layer(layer.path))
      }
      inputs.append(graph.addInput(layer.path, shape.type(name: layer.path)))
    }
    let outputs = try checked { (drawing) throws(KerasError) in
      try drawing.draw(model, on: inputs, isTraining: false, at: Place())
    }
    for (output, reference) in zip(outputs, model.outputs) {
      graph.addOutput(output)
      // Layers that do nothing leave the value of another layer; two outputs may be one value.
      if graph[output].producer != nil, !graph.outputs.dropLast().contains(output) {
        graph.rename(output, to: reference.layer)
      }
    }
    return graph
  }

  /// What `body` draws, unless weights had other extents: then all of those are thrown, also if
  /// something else can't be drawn because of them.
  private mutating func checked<Result>(
    _ body: (inout GraphDrawing) throws(KerasError) -> Result
  ) throws(KerasError) -> Result {
    let result: Result
    do {
      result = try body(&self)
    } catch {
      throw mismatchError ?? error
    }
    if let error = mismatchError { throw error }
    return result
  }

  private var mismatchError: KerasError? {
    mismatches.count < 2
      ? mismatches.first?.error : KerasError(.weightMismatch(mismatches.map(\.mismatch)))
  }

  /// The names of the initializers that a layer's rule made, by the names it gave them.
  func initializers(of layer: Int, in graph: Graph) -> [String: String] {
    (constants[layer] ?? [:]).mapValues { graph[$0].name }
  }

  /// All that an export needs to find the layers again in the graph, however it was changed.
  func record(of model: ModelSource) -> KerasRecord {
    var layers = drawn
    for (id, names) in constants { layers[id, default: DrawnLayer()].constants = names }
    return KerasRecord(model: model, layers: layers, weights: weights)
  }

  /// What the first weights of a model in a row tell of its input.
  private func guess(_ model: ModelSource) -> InputShape? {
    for leaf in model.leaves {
      let ranks = (weights[leaf.id] ?? [:]).values.map(\.shape).filter { $0.count >= 2 }
      if let kernel = ranks.max(by: { $0.count < $1.count || $0.lexicographicallyPrecedes($1) }) {
        return InputShape(kernel: kernel)
      }
    }
    return nil
  }

  /// Draws a model on its inputs; gives its outputs.
  private mutating func draw(
    _ model: ModelSource, on inputs: [ValueID], isTraining: Bool, at here: Place
  ) throws(KerasError) -> [ValueID] {
    guard inputs.count == model.inputs.count else {
      throw KerasError(.inputCount(expected: model.inputs.count, found: inputs.count), at: here)
    }
    var known: [TensorReference: ValueID] = [:]
    for (reference, value) in zip(model.inputs, inputs) {
      known[reference] = value
      if let layer = model.layers.first(where: { $0.name == reference.layer }) {
        drawn[layer.id, default: DrawnLayer()].add(results: [value])
      }
    }
    let references = model.layers.flatMap { $0.calls.flatMap(\.inputs) } + model.outputs
    let needed = Set(references.map { DrawnCall(layer: $0.layer, call: $0.call) })
    for (layer, call) in try DrawingOrder(model).calls() {
      if layer.isInput { continue }
      // Files for several generations of Keras call models twice, so that each finds the call that
      // it counts from.
      if layer.model != nil, !needed.contains(DrawnCall(layer: layer.name, call: call)) { continue }
      var operands: [ValueID] = []
      for reference in layer.calls[call].inputs {
        guard let value = known[reference] else {
          throw KerasError(missing(reference), at: .layer(layer.path))
        }
        operands.append(value)
      }
      let first = graph.order.count
      var source = layer.calls[call]
      if let op = TensorFlowOp(className: layer.declaredClass, layer.config) {
        source = LayerCall(
          inputs: source.inputs, arguments: op.arguments(tensorCount: operands.count))
      }
      let results = try draw(layer, source, on: operands, isTraining: isTraining)
      drawn[layer.id, default: DrawnLayer()].add(
        node: call, arguments: source.arguments, inputs: operands, results: results,
        nodes: layer.model == nil ? Array(graph.order[first...]) : [])
      for (k, value) in results.enumerated() {
        known[TensorReference(layer.name, call: call, result: k)] = value
      }
    }
    var outputs: [ValueID] = []
    for reference in model.outputs {
      guard let value = known[reference] else { throw KerasError(missing(reference), at: here) }
      outputs.append(value)
    }
    return outputs
  }

  private func missing(_ reference: TensorReference) -> KerasError.Reason {
    .noSuchTensor(layer: reference.layer, call: reference.call, result: reference.result)
  }

  /// Draws one call of a layer or nested model.
  private mutating func draw(
    _ layer: LayerSource, _ call: LayerCall, on inputs: [ValueID], isTraining: Bool
  ) throws(KerasError) -> [ValueID] {
    let here = Place.layer(layer.path)
    // A model called for training calls its layers so. Keras 3 hands its own mode to every layer,
    // whatever a call says; augmentation layers say it of themselves.
    let isTraining = layer.dialect < .keras3 && (call.arguments["training"]?.bool ?? isTraining)
    if let inner = layer.model {
      return layer.isStepped
        ? try drawSteps(layer, inner, on: inputs, isTraining: isTraining, at: here)
        : try draw(inner, on: inputs, isTraining: isTraining, at: here)
    }
    guard let rule = table.keras[layer.ruleName] else {
      preconditionFailure("unsupported layers are refused before anything is drawn")
    }
    var arguments = call.arguments
    arguments["training"] = isTraining ? .bool(true) : nil
    let count = callCounts[layer.id, default: 0] + 1
    callCounts[layer.id] = count
    var tensors = weights[layer.id] ?? [:]
    while true {
      let neutral = KerasLayer(
        name: layer.path, className: layer.ruleName, config: layer.config, arguments: arguments,
        weights: tensors, dialect: layer.dialect)
      do throws(FormatError) {
        return try draw(layer, neutral, rule, count, inputs)
      } catch {
        let fault = KerasError(.layer(error), at: here.appending(error.place))
        guard case .weightShape(let name, let found, let expected) = error.reason,
          tensors[name].map({ $0.shape != expected }) ?? false,
          let count = GraphDrawing.elementCount(expected)
        else { throw fault }
        // Drawn on with zeros, to find whatever else doesn't fit.
        tensors[name] = Tensor([Float](repeating: 0, count: count), shape: expected)
        mismatches.append(
          (fault, .shape("\(layer.path)/\(name)", found: found, expected: expected)))
      }
    }
  }

  /// Draws a model on all steps of a sequence at once: its layer's rule joins them with the batch, and
  /// takes the results apart again.
  private mutating func drawSteps(
    _ layer: LayerSource, _ model: ModelSource, on inputs: [ValueID], isTraining: Bool,
    at here: Place
  ) throws(KerasError) -> [ValueID] {
    let steps = try drawAround(layer, on: inputs, at: here)
    let results = try draw(model, on: steps, isTraining: isTraining, at: here)
    return try drawAround(layer, on: results + inputs, at: here)
  }

  private mutating func drawAround(
    _ layer: LayerSource, on inputs: [ValueID], at here: Place
  ) throws(KerasError) -> [ValueID] {
    guard let rule = table.keras[layer.ruleName] else {
      preconditionFailure("the class of layers around models has a rule")
    }
    let count = callCounts[layer.id, default: 0] + 1
    callCounts[layer.id] = count
    let neutral = KerasLayer(
      name: layer.path, className: layer.ruleName, config: layer.config, dialect: layer.dialect)
    do throws(FormatError) {
      return try draw(layer, neutral, rule, count, inputs)
    } catch {
      throw KerasError(.layer(error), at: here.appending(error.place))
    }
  }

  /// The number of elements of a shape, or `nil` for one beyond all reason.
  private static func elementCount(_ shape: [Int]) -> Int? {
    var count = 1
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= 1 << 26 else { return nil }
      count = product
    }
    return count
  }

  private mutating func draw(
    _ layer: LayerSource, _ neutral: KerasLayer, _ rule: KerasRule, _ count: Int,
    _ inputs: [ValueID]
  ) throws(FormatError) -> [ValueID] {
    let name = count == 1 ? layer.path : "\(layer.path)/call\(count)"
    // The graph moves into the sketch and back, so that it is never copied.
    var sketch = Sketch(
      graph: exchange(&graph, Graph(name: graph.name)), layer: name,
      shared: constants[layer.id] ?? [:])
    var failure: FormatError?
    var results: [ValueID] = []
    do {
      results = try rule.read(neutral, inputs, &sketch)
      let shared = sketch.sharedConstants
      if !shared.isEmpty { constants[layer.id] = shared }
    } catch {
      failure = error
    }
    graph = sketch.finish()
    if let failure { throw failure }
    return results
  }
}

/// One call of a layer of a model.
private struct DrawnCall: Hashable {
  let layer: String
  let call: Int
}

/// The value of a variable, which gets another one.
private func exchange<Value>(_ variable: inout Value, _ other: Value) -> Value {
  let value = variable
  variable = other
  return value
}

/// The calls of a model's layers, each after those that it reads.
struct DrawingOrder {
  private struct Call: Hashable {
    let layer: Int
    let call: Int
  }

  private let model: ModelSource
  private let positions: [String: Int]

  init(_ model: ModelSource) {
    self.model = model
    positions = Dictionary(
      uniqueKeysWithValues: model.layers.enumerated().map { ($0.element.name, $0.offset) })
  }

  /// The calls, otherwise in the order of the file.
  /// - Throws: `KerasError.cycle`, or `.noSuchTensor` for a call that doesn't exist.
  func calls() throws(KerasError) -> [(LayerSource, Int)] {
    var sorted: [(LayerSource, Int)] = []
    var placed: Set<Call> = []
    var open: Set<Call> = []
    for (position, layer) in model.layers.enumerated() {
      for index in layer.calls.indices {
        var stack: [(call: Call, next: Int)] = [(Call(layer: position, call: index), 0)]
        while let top = stack.last {
          let current = model.layers[top.call.layer]
          if placed.contains(top.call) {
            stack.removeLast()
            continue
          }
          open.insert(top.call)
          let inputs = current.calls[top.call.call].inputs
          if top.next == inputs.count {
            placed.insert(top.call)
            open.remove(top.call)
            sorted.append((current, top.call.call))
            stack.removeLast()
            continue
          }
          stack[stack.count - 1].next += 1
          guard let read = try call(inputs[top.next], of: current), !placed.contains(read) else {
            continue
          }
          if open.contains(read) {
            let circle = stack.drop { $0.call != read }
            throw KerasError(.cycle(circle.map { model.layers[$0.call.layer].name }))
          }
          stack.append((read, 0))
        }
      }
    }
    return sorted
  }

  /// The call that makes a tensor; `nil` for the input layers.
  private func call(_ reference: TensorReference, of reader: LayerSource) throws(KerasError)
    -> Call?
  {
    guard let position = positions[reference.layer] else { throw missing(reference, reader) }
    let layer = model.layers[position]
    if layer.isInput { return nil }
    guard layer.calls.indices.contains(reference.call) else { throw missing(reference, reader) }
    return Call(layer: position, call: reference.call)
  }

  private func missing(_ reference: TensorReference, _ reader: LayerSource) -> KerasError {
    KerasError(
      .noSuchTensor(layer: reference.layer, call: reference.call, result: reference.result),
      at: .layer(reader.path))
  }
}
