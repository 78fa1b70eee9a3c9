import ECGraph

/// The order of a functional model's layers as Keras makes it when it loads the architecture.
///
/// Weights are matched by this order, not by names. Layers come by depth, which is the longest way
/// to an output, the deepest first; within a depth in the order of the first visit when the calls
/// are followed from the outputs to the inputs.
struct LoadingOrder {
  /// The layers by name, in order; those that no output needs come last, in the order of the file.
  let names: [String]

  init(_ model: ModelSource) {
    var walk = Walk(model)
    for output in model.outputs { walk.visit(output) }
    let depths = walk.depths()
    let reached = model.layers.indices.filter { depths[$0] != nil }
    let sorted = reached.sorted { a, b in
      let (left, right) = (depths[a] ?? 0, depths[b] ?? 0)
      return left == right
        ? (walk.firstVisits[a] ?? 0) < (walk.firstVisits[b] ?? 0) : left > right
    }
    let rest = model.layers.indices.filter { depths[$0] == nil }
    names = (sorted + rest).map { model.layers[$0].name }
  }
}

/// The walk from the outputs of a model.
private struct Walk {
  private struct Call: Hashable {
    let layer: Int
    let call: Int
  }

  private let layers: [LayerSource]
  private let positions: [String: Int]
  /// The calls, each after those that it reads.
  private var finished: [Call] = []
  private var seen: Set<Call> = []
  /// When each layer was met first.
  private(set) var firstVisits: [Int: Int] = [:]

  init(_ model: ModelSource) {
    layers = model.layers
    positions = Dictionary(
      uniqueKeysWithValues: model.layers.enumerated().map { ($0.element.name, $0.offset) })
  }

  private func call(_ reference: TensorReference) -> Call? {
    positions[reference.layer].map { Call(layer: $0, call: reference.call) }
  }

  private func inputs(of call: Call) -> [TensorReference] {
    let calls = layers[call.layer].calls
    return calls.indices.contains(call.call) ? calls[call.call].inputs : []
  }

  mutating func visit(_ output: TensorReference) {
    guard let root = call(output) else { return }
    var stack: [(call: Call, next: Int)] = []
    func isNew(_ call: Call) -> Bool { !seen.contains(call) }
    func push(_ call: Call) {
      seen.insert(call)
      if firstVisits[call.layer] == nil { firstVisits[call.layer] = firstVisits.count }
      stack.append((call, 0))
    }
    if isNew(root) { push(root) }
    while let top = stack.last {
      let inputs = inputs(of: top.call)
      guard top.next < inputs.count else {
        finished.append(top.call)
        stack.removeLast()
        continue
      }
      stack[stack.count - 1].next += 1
      if let next = call(inputs[top.next]), isNew(next) { push(next) }
    }
  }

  /// The depth of every layer that was met.
  func depths() -> [Int: Int] {
    var callDepths: [Call: Int] = [:]
    var layerDepths: [Int: Int] = [:]
    for call in finished.reversed() {
      let depth = max(callDepths[call] ?? 0, layerDepths[call.layer] ?? 0)
      layerDepths[call.layer] = depth
      callDepths[call] = depth
      for input in inputs(of: call) {
        guard let producer = self.call(input) else { continue }
        callDepths[producer] = max(depth + 1, callDepths[producer] ?? 0)
      }
    }
    return layerDepths
  }
}
