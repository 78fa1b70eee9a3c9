public import ECGraph
public import ECTensor

/// A graph that runs on samples from stop to stop, so that weights behind a stop may still change
/// when what is known of all samples there has been looked at.
///
/// Activations that are read later are held, for all samples; every node runs once.
public struct SteppedRun {
  /// What is read later.
  private var held: HeldValues
  /// The stops that are ahead.
  private var stops: [ValueID]
  /// The nodes that haven't run, in order, with what they read.
  private var waiting: [(id: NodeID, reads: [ValueID])]

  /// Prepares to run a graph on samples, `batch` at a time, with stops in topological order.
  /// - Parameter samples: one tensor per input of the graph, samples along axis 0.
  public init(
    _ graph: Graph, on samples: [Tensor], batch: Int, stops: [ValueID], threads: Int = 1
  ) {
    self.stops = stops
    waiting = graph.nodes(neededFor: stops).map { ($0.id, $0.inputs.compactMap { $0 }) }
    held = HeldValues(inputsOf: graph, samples, batch: batch, threads: threads)
  }

  /// Runs up to the next stop.
  /// - Parameters:
  ///   - graph: the graph, with the weights as they are by now.
  ///   - axis: the axis of the stop's value that is wanted last.
  ///   - again: whether the node that gives the value runs once more later, since its weights change.
  /// - Returns: the value at the stop, batch by batch.
  /// - Throws: `ExecutionError` if the graph can't be run.
  public mutating func advance(
    in graph: Graph, last axis: Int, again: Bool = false
  ) throws(ExecutionError) -> [Tensor] {
    let stop = stops.removeFirst()
    let segment = graph.nodes(neededFor: [stop], given: held.ids)
    let void = again ? segment.last : nil
    let ran = Set(segment.map(\.id)).subtracting(void.map { [$0.id] } ?? [])
    waiting.removeAll { ran.contains($0.id) }
    let alive = Set(waiting.flatMap(\.reads)).union(stops)
    let rank = graph[stop].type.rank
    let order = (0..<rank).filter { $0 != axis } + [axis]
    guard !segment.isEmpty else {
      let found = held.tensors[stop]?.map { $0.permuted(order) } ?? []
      held.keep(where: alive.contains)
      return found
    }
    let lost = Set(void?.outputs ?? [])
    let made = segment.flatMap(\.outputs).filter { alive.contains($0) && !lost.contains($0) }
    let taps = made.map { Evaluator.Tap(value: $0) } + [Evaluator.Tap(value: stop, last: axis)]
    let results = try held.run(segment, of: graph, taps)
    held.keep(made, results, where: alive.contains)
    return results.last ?? []
  }

  /// The most bytes that a run holds at once for one sample.
  /// - Parameter shapes: the shapes of the inputs for one sample.
  public static func byteCountPerSample(
    _ graph: Graph, shapes: [[Int]], stops: [ValueID]
  ) throws(ExecutionError) -> Int {
    let graph = try graph.concrete(shapes)
    func size(_ value: ValueID) -> Int {
      graph[value].type.shape.reduce(4) { $0 * ($1.value ?? 1) }
    }
    let nodes = graph.nodes(neededFor: stops)
    let wanted = Set(stops)
    var first: [ValueID: Int] = [:]
    var last: [ValueID: Int] = [:]
    var ends: [Int] = []
    for (place, node) in nodes.enumerated() {
      for output in node.outputs { first[output] = place }
      for case let input? in node.inputs where graph.constant(input) == nil { last[input] = place }
      if node.outputs.contains(where: wanted.contains) { ends.append(place) }
    }
    // Between stops the program has its own memory; what is read behind a stop is held there.
    let most =
      ends.map { end in
        last.reduce(0) { bytes, entry in
          let isHeld = (first[entry.key] ?? 0) <= end && entry.value > end
          return bytes + (isHeld ? size(entry.key) : 0)
        }
      }.max() ?? 0
    return most
  }
}
