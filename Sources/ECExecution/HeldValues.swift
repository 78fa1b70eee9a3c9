import ECGraph
import ECTensor

/// Values of a graph on samples, kept batch by batch while the graph runs in parts.
struct HeldValues {
  /// The values that are there: one tensor per batch.
  private(set) var tensors: [ValueID: [Tensor]] = [:]
  /// The inputs' shapes, batch by batch.
  private let shapes: [[[Int]]]
  private let threads: Int

  /// Holds the inputs.
  /// - Parameters:
  ///   - samples: one tensor per input of the graph, samples along axis 0.
  ///   - batch: how many run at once.
  init(inputsOf graph: Graph, _ samples: [Tensor], batch: Int, threads: Int) {
    self.threads = threads
    let total = samples.first?.shape.first ?? 0
    let ranges = stride(from: 0, to: total, by: max(1, batch)).map {
      $0..<min($0 + max(1, batch), total)
    }
    shapes = ranges.map { range in samples.map { [range.count] + $0.shape.dropFirst() } }
    for (id, tensor) in zip(graph.inputs, samples) {
      tensors[id] = ranges.map { tensor.sliced(axis: 0, $0) }
    }
  }

  /// The values that are there.
  var ids: Set<ValueID> { Set(tensors.keys) }

  /// Adds values, and then lets go of all but those that are still read.
  mutating func keep(
    _ made: [ValueID] = [], _ results: [[Tensor]] = [], where isRead: (ValueID) -> Bool
  ) {
    for (value, found) in zip(made, results) { tensors[value] = found }
    tensors = tensors.filter { isRead($0.key) }
  }

  /// Runs nodes on what is there.
  /// - Returns: for every tap one tensor per batch.
  /// - Throws: `ExecutionError` if they can't be run.
  func run(
    _ segment: [Node], of graph: Graph, _ taps: [Evaluator.Tap]
  ) throws(ExecutionError) -> [[Tensor]] {
    let produced = Set(segment.flatMap(\.outputs))
    var given: [ValueID] = []
    for case let value? in segment.flatMap(\.inputs)
    where !produced.contains(value) && tensors[value] != nil && !given.contains(value) {
      given.append(value)
    }
    var results = [[Tensor]](repeating: [], count: taps.count)
    var prepared: Evaluator?
    var preparedFor: [[Int]] = []
    for (k, shapes) in shapes.enumerated() {
      if prepared == nil || preparedFor != shapes {
        prepared = nil
        prepared = try Evaluator(
          concrete: try graph.concrete(shapes), from: given,
          given.map { tensors[$0]?[k].shape ?? [] }, taps, threads: threads)
        preparedFor = shapes
      }
      let found = try prepared?.run(given.map { tensors[$0]?[k] ?? Tensor(scalar: 0) }) ?? []
      for (place, tensor) in found.enumerated() { results[place].append(tensor) }
    }
    return results
  }
}
