import ECExecution
import ECGraph

/// The stored means and variances of batch normalizations while they follow those of the batches.
struct RunningStatistics {
  /// The initializers: mean, variance, mean, ….
  let ids: [ValueID]
  let memory: WeightMemory

  init() {
    (ids, memory) = ([], WeightMemory(counts: []))
  }

  init(_ statistics: [GradientEvaluator.Statistics], _ graph: Graph) {
    ids = statistics.flatMap { [$0.mean, $0.variance] }
    memory = WeightMemory(counts: statistics.flatMap { [$0.channelCount, $0.channelCount] })
    for (index, id) in ids.enumerated() {
      if let tensor = graph.constant(id) {
        _ = memory[index].update(fromContentsOf: tensor.floats())
      }
    }
  }

  /// Room for the statistics of one batch.
  func batchMemory() -> WeightMemory { WeightMemory(counts: memory.ranges.map(\.count)) }

  /// Moves to the statistics of a batch, whose variances are taken without bias.
  func move(
    to batch: WeightMemory, share: Float, _ statistics: [GradientEvaluator.Statistics]
  ) {
    for index in ids.indices {
      let count = Float(statistics[index / 2].sampleCount)
      let factor = index % 2 == 0 || count < 2 ? 1 : count / (count - 1)
      let (own, new) = (memory[index], batch[index])
      for c in own.indices { own[c] = (1 - share) * own[c] + share * factor * new[c] }
    }
  }
}
