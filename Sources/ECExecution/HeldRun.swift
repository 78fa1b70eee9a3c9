public import ECGraph
public import ECTensor

/// A graph that has run on samples up to a node, so that what follows can be run again and again with
/// other weights and other channels.
///
/// Going forward runs every node once; only what later nodes read is held.
public struct HeldRun {
  private let graph: Graph
  private let outputs: [ValueID]
  /// The place in the graph's order before which all nodes have run.
  private var place = 0
  /// What is read from there on.
  private var held: HeldValues

  /// Starts before the first node.
  /// - Parameters:
  ///   - samples: one tensor per input of the graph, samples along axis 0.
  ///   - batch: how many run at once.
  ///   - outputs: the values that `results` gives.
  public init(
    _ graph: Graph, on samples: [Tensor], batch: Int, outputs: [ValueID], threads: Int = 1
  ) {
    (self.graph, self.outputs) = (graph, outputs)
    held = HeldValues(inputsOf: graph, samples, batch: batch, threads: threads)
  }

  /// Runs all nodes before another one, which isn't behind the place reached so far.
  /// - Throws: `ExecutionError` if the graph can't be run.
  public mutating func advance(to node: NodeID) throws(ExecutionError) {
    let order = graph.order
    guard let end = order.firstIndex(of: node), end > place else { return }
    let passed = Set(order[place..<end])
    let waiting = order[end...].flatMap { graph[$0].inputs.compactMap { $0 } }
    let wanted = Set(waiting).union(outputs)
    let made = order[place..<end].flatMap { graph[$0].outputs }.filter(wanted.contains)
    var results: [[Tensor]] = []
    if !made.isEmpty {
      let segment = graph.nodes(neededFor: made, given: held.ids)
        .filter { passed.contains($0.id) }
      results = try held.run(segment, of: graph, made.map { Evaluator.Tap(value: $0) })
    }
    held.keep(made, results, where: wanted.contains)
    place = end
  }

  /// What the wanted values are in a graph that differs behind the place reached only.
  /// - Returns: one tensor for each, all samples along axis 0.
  /// - Throws: `ExecutionError` if the graph can't be run.
  public func results(of edited: Graph) throws(ExecutionError) -> [Tensor] {
    let made = outputs.filter { held.tensors[$0] == nil }
    let segment = edited.nodes(neededFor: made, given: held.ids)
    let taps = made.map { Evaluator.Tap(value: $0) }
    let results = made.isEmpty ? [] : try held.run(segment, of: edited, taps)
    let found = Dictionary(uniqueKeysWithValues: zip(made, results))
    return outputs.map { value in
      Tensor.joined(held.tensors[value] ?? found[value] ?? [])
    }
  }
}

extension Tensor {
  /// Tensors of float32 one after the other along axis 0.
  fileprivate static func joined(_ parts: [Tensor]) -> Tensor {
    guard let first = parts.first, parts.count > 1 else {
      return parts.first ?? Tensor([Float](), shape: [0])
    }
    let count = parts.reduce(0) { $0 + ($1.shape.first ?? 0) }
    return Tensor(parts.flatMap { $0.floats() }, shape: [count] + first.shape.dropFirst())
  }
}
