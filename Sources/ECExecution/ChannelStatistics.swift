import ECBLAS
public import ECGraph
public import ECTensor

/// Takes mean and covariance of channels at many places of a graph while it runs on images.
public struct ChannelStatistics {
  /// The most samples of one batch that a tap looks at, evenly spaced.
  public static let positionLimit = 20_000

  /// The most bytes of activations at taps; beyond it the graph runs several times.
  public var byteLimit = 512 << 20

  private let graph: Graph
  private let taps: [ChannelTap]
  private let threads: Int
  private var sums: [MomentSum]

  /// Prepares to take statistics.
  public init(graph: Graph, taps: [ChannelTap], threads: Int = 1) {
    self.graph = graph
    self.taps = taps
    self.threads = threads
    sums = taps.map { MomentSum($0) }
  }

  /// Runs samples through the graph, `batch` at a time, and adds what the taps see.
  /// - Parameter inputs: one tensor per input of the graph, samples along axis 0.
  /// - Throws: `ExecutionError` if a shape doesn't fit or the graph can't be run.
  public mutating func add(_ inputs: [Tensor], batch: Int) throws(ExecutionError) {
    let total = inputs.first?.shape.first ?? 0
    let largest = inputs.map { [min(batch, total)] + $0.shape.dropFirst() }
    for group in groups(in: try graph.concrete(largest)) {
      var places: [Evaluator.Tap] = []
      for k in group where !places.contains(Evaluator.Tap(taps[k])) {
        places.append(Evaluator.Tap(taps[k]))
      }
      var prepared: Evaluator?
      var first = 0
      while first < total {
        let range = first..<min(first + batch, total)
        let slice = inputs.map { $0.sliced(axis: 0, range) }
        let shapes = slice.map(\.shape)
        if prepared?.inputShapes != shapes {
          prepared = nil
          prepared = try Evaluator(graph, shapes, places, threads: threads)
        }
        guard let results = try prepared?.run(slice) else { return }
        try add(results, places, group)
        first = range.upperBound
      }
    }
  }

  private mutating func add(
    _ results: [Tensor], _ places: [Evaluator.Tap], _ group: [Int]
  ) throws(ExecutionError) {
    do throws(BLASError) {
      try Threads.withCount(threads) { () throws(BLASError) in
        for k in group {
          guard let place = places.firstIndex(of: Evaluator.Tap(taps[k])) else { continue }
          try sums[k].add([results[place]], limit: ChannelStatistics.positionLimit)
        }
      }
    } catch {
      throw ExecutionError(.kernel(error.what), at: error.place)
    }
  }

  /// What was found, tap by tap.
  public func moments() -> [ChannelMoments] { sums.map { $0.moments() } }

  /// The taps in the order in which the graph makes their values, parted by the memory they need.
  private func groups(in graph: Graph) -> [[Int]] {
    var places: [ValueID: Int] = [:]
    for (place, node) in graph.nodes.enumerated() {
      for output in node.outputs { places[output] = place }
    }
    let order = taps.indices.sorted {
      (places[taps[$0].value] ?? -1, $0) < (places[taps[$1].value] ?? -1, $1)
    }
    var groups: [[Int]] = []
    var room = 0
    for k in order {
      let need = 4 * graph[taps[k].value].type.shape.reduce(1) { $0 * ($1.value ?? 1) }
      if groups.isEmpty || need > room {
        groups.append([])
        room = byteLimit
      }
      groups[groups.count - 1].append(k)
      room -= need
    }
    return groups
  }
}

extension Evaluator.Tap {
  init(_ tap: ChannelTap) {
    self.init(value: tap.value, last: tap.axis)
  }
}
