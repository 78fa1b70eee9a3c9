public import ECGraph
public import ECTensor

/// A graph that has run on samples up to a node, so that what follows can be run again and again with
/// other weights and other channels.
///
/// Going forward runs every node once; only what later nodes read is held.
public struct HeldRun {
  private let graph: Graph
  /// The inputs' shapes, batch by batch.
  private let shapes: [[[Int]]]
  private let outputs: [ValueID]
  private let threads: Int
  /// The place in the graph's order before which all nodes have run.
  private var place = 0
  /// What is read from there on: one tensor per batch.
  private var held: [ValueID: [Tensor]] = [:]

  /// Starts before the first node.
  /// - Parameters:
  ///   - samples: one tensor per input of the graph, samples along axis 0.
  ///   - batch: how many run at once.
  ///   - outputs: the values that `results` gives.
  public init(
    _ graph: Graph, on samples: [Tensor], batch: Int, outputs: [ValueID], threads: Int = 1
  ) {
    (self.graph, self.outputs, self.threads) = (graph, outputs, threads)
    let total = samples.first?.shape.first ?? 0
    let ranges = stride(from: 0, to: total, by: max(1, batch)).map {
      $0..<min($0 + max(1, batch), total)
    }
    shapes = ranges.map { range in samples.map { [range.count] + $0.shape.dropFirst() } }
    for (id, tensor) in zip(graph.inputs, samples) {
      held[id] = ranges.map { tensor.sliced(axis: 0, $0) }
    }
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
    if !made.isEmpty {
      let segment = graph.nodes(neededFor: made, given: Set(held.keys))
        .filter { passed.contains($0.id) }
      let results = try run(graph, segment, for: made)
      for (value, tensors) in zip(made, results) { held[value] = tensors }
    }
    held = held.filter { wanted.contains($0.key) }
    place = end
  }

  /// What the wanted values are in a graph that differs behind the place reached only.
  /// - Returns: one tensor for each, all samples along axis 0.
  /// - Throws: `ExecutionError` if the graph can't be run.
  public func results(of edited: Graph) throws(ExecutionError) -> [Tensor] {
    let made = outputs.filter { held[$0] == nil }
    let segment = edited.nodes(neededFor: made, given: Set(held.keys))
    let results = made.isEmpty ? [] : try run(edited, segment, for: made)
    let found = Dictionary(uniqueKeysWithValues: zip(made, results))
    return outputs.map { value in
      Tensor.joined(held[value] ?? found[value] ?? [])
    }
  }

  private func run(
    _ graph: Graph, _ segment: [Node], for values: [ValueID]
  ) throws(ExecutionError) -> [[Tensor]] {
    var given: [ValueID] = []
    for case let value? in segment.flatMap(\.inputs)
    where held[value] != nil && !given.contains(value) {
      given.append(value)
    }
    let taps = values.map { Evaluator.Tap(value: $0) }
    var results = [[Tensor]](repeating: [], count: values.count)
    var prepared: Evaluator?
    var preparedFor: [[Int]] = []
    for (k, shapes) in shapes.enumerated() {
      if prepared == nil || preparedFor != shapes {
        prepared = nil
        prepared = try Evaluator(
          concrete: try graph.concrete(shapes), from: given,
          given.map { held[$0]?[k].shape ?? [] }, taps, threads: threads)
        preparedFor = shapes
      }
      let found = try prepared?.run(given.map { held[$0]?[k] ?? Tensor(scalar: 0) }) ?? []
      for (place, tensor) in found.enumerated() { results[place].append(tensor) }
    }
    return results
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
