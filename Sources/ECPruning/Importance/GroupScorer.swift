import ECCentrality
import ECGraph
import ECRandom
import ECTensor

/// Ranks the units of one group by a criterion.
struct GroupScorer: Sendable {
  let criterion: Criterion
  let channels: ChannelGroups
  let graph: Graph
  let statistics: ActivationStatistics?
  let readers: [ValueID: [(node: NodeID, operand: Int)]]

  /// What the rows of a producer are measured by.
  private enum Measure {
    case l1, l2, fpgm
  }

  /// About how many multiply-adds the ranking of a group takes.
  func work(of group: ChannelGroup) -> Int {
    guard group.isPrunable else { return 0 }
    switch criterion {
    case .paper, .fpgm:
      return weights(of: group, .producer).reduce(0) { $0 + group.channels * graph[$1.value].count }
    case .centrality: return group.channels * group.channels
    case .obs:
      return weights(of: group, .consumer).reduce(0) { $0 + group.channels * graph[$1.value].count }
    default: return group.channels
    }
  }

  /// Ranks a group.
  func score(_ group: ChannelGroup, threads: Int) throws(PruningError) -> GroupScores {
    guard group.isPrunable else {
      return GroupScores(scores: [Double](repeating: 1, count: group.channels))
    }
    do throws(CentralityError) {
      switch criterion {
      case .paper(let centrality): return try paper(group, centrality, threads: threads)
      case .l1: return GroupScores(scores: try norms(group, .l1))
      case .l2: return GroupScores(scores: try norms(group, .l2))
      case .fpgm: return GroupScores(scores: try norms(group, .fpgm))
      case .batchNormScale: return try batchNormScales(group)
      case .random(let seed): return random(group, seed: seed)
      case .given(_, let scores): return GroupScores(scores: scores[group.id])
      case .centrality: return try deflated(group)
      case .obs: return try brainSurgeon(group)
      }
    } catch {
      throw PruningError(error, layers: group.layers)
    }
  }

  /// The weights (rank 2 and more) of a group's members in a role.
  func weights(of group: ChannelGroup, _ role: Coupling.Role) -> [ChannelAxis] {
    group.members.map { channels.axes[$0] }.filter {
      $0.role == role && graph[$0.value].type.rank >= 2
    }
  }

  private func tensor(_ axis: ChannelAxis) -> Tensor {
    guard let tensor = graph.constant(axis.value) else {
      preconditionFailure("channels line up with initializers")
    }
    return tensor
  }

  // MARK: Weights

  private func norms(
    _ group: ChannelGroup, _ measure: Measure
  ) throws(CentralityError) -> [Double] {
    var members: [(ChannelAxis, [Double])] = []
    for axis in weights(of: group, .producer) {
      let vectors = ChannelVectors(slicing: tensor(axis), axis: axis.axis)
      let factors = batchNormScale(behind: axis)?.total.map { abs(Double($0)) }
      members.append((axis, try measured(vectors, measure, factors)))
    }
    return average(members, over: group)
  }

  private func measured(
    _ vectors: ChannelVectors, _ measure: Measure, _ factors: [Double]?
  ) throws(CentralityError) -> [Double] {
    let factors = factors ?? [Double](repeating: 1, count: vectors.count)
    switch measure {
    case .l1: return zip(vectors.sums(squared: false), factors).map { $0 * $1 }
    case .l2: return zip(vectors.sums(squared: true), factors).map { $0.squareRoot() * $1 }
    case .fpgm:
      let n = vectors.count
      let gram = try vectors.gram()
      return (0..<n).map { i in
        let own = gram[i * n + i] * factors[i] * factors[i]
        return (0..<n).reduce(0.0) { sum, j in
          let other = gram[j * n + j] * factors[j] * factors[j]
          let product = gram[i * n + j] * factors[i] * factors[j]
          return sum + max(0, own + other - 2 * product).squareRoot()
        }
      }
    }
  }

  /// The mean over the producers of a unit, each divided by its mean over all its channels; several
  /// channels of one producer count as one.
  private func average(_ members: [(ChannelAxis, [Double])], over group: ChannelGroup) -> [Double] {
    var sums = [Double](repeating: 0, count: group.channels)
    var counts = sums
    for (axis, values) in members {
      let mean = values.reduce(0, +) / Double(max(1, values.count))
      var own = [Double](repeating: 0, count: group.channels)
      var rows = own
      for (position, unit) in axis.positions(in: group.id) {
        own[unit] += values[position] / (mean > 0 ? mean : 1)
        rows[unit] += 1
      }
      for unit in own.indices where rows[unit] > 0 {
        sums[unit] += own[unit] / rows[unit]
        counts[unit] += 1
      }
    }
    return zip(sums, counts).map { $1 > 0 ? $0 / $1 : 0 }
  }

  /// The scale of the batch normalization that is the only reader of a producer.
  private func batchNormScale(behind axis: ChannelAxis) -> ChannelScale? {
    guard let output = graph[axis.node].outputs.first, !graph.outputs.contains(output),
      let places = readers[output], places.count == 1, places[0].operand == 0,
      let op = graph[places[0].node].op as? any ChannelScaling,
      let scale = op.channelScale(graph.operands(of: graph[places[0].node])),
      scale.total.count == axis.units.count
    else { return nil }
    return scale
  }

  private func batchNormScales(_ group: ChannelGroup) throws(CentralityError) -> GroupScores {
    let members = weights(of: group, .producer).compactMap { axis in
      batchNormScale(behind: axis).map { (axis, $0.learned.map { abs(Double($0)) }) }
    }
    guard !members.isEmpty else {
      return GroupScores(
        scores: try norms(group, .l2),
        note: "layers without batch normalization behind them are ranked by L2 norm")
    }
    return GroupScores(scores: average(members, over: group))
  }

  private func paper(
    _ group: ChannelGroup, _ centrality: EigenvectorCentrality, threads: Int
  ) throws(CentralityError) -> GroupScores {
    var similarity = SimilarityAccumulator(count: group.channels)
    for axis in weights(of: group, .producer) {
      let vectors = ChannelVectors(axis, of: group, in: tensor(axis))
      try vectors.tensor.withFloats { (elements) throws(CentralityError) in
        try similarity.add(
          elements, dimension: vectors.dimension, layout: vectors.layout, threads: threads)
      }
    }
    let outcome = try centrality.score(similarity.cosine())
    var note: String?
    if outcome.fallsBackToNorms {
      note = "no channels of some groups are similar enough; those are ranked by L2 norm"
    } else if outcome.hasManyIsolated {
      note = "more than a fifth of the channels of some groups have no similar one"
    }
    return GroupScores(
      order: outcome.ranking,
      scores: outcome.direction == .central
        ? outcome.scores : outcome.scores.map { 1 / max($0, 1e-12) },
      graph: GroupScores.GraphFacts(
        edges: outcome.edges, isolated: outcome.isolated, components: outcome.components,
        iterations: outcome.iterations, residual: outcome.residual, converged: outcome.converged,
        threshold: outcome.threshold),
      note: note)
  }

  private func random(_ group: ChannelGroup, seed: UInt64) -> GroupScores {
    var generator = SplitMix64(seed: seed &+ UInt64(group.id) &* 0xD1B5_4A32_D192_ED03)
    return GroupScores(scores: (0..<group.channels).map { _ in generator.unit() })
  }

  // MARK: Statistics

  private func consumers(of group: ChannelGroup) -> [ActivationStatistics.Consumer] {
    (statistics?.groups[group.id] ?? []).filter { $0.mean.count == group.channels }
  }

  private func withoutStatistics(_ group: ChannelGroup) throws(CentralityError) -> GroupScores {
    GroupScores(
      scores: try norms(group, .l2),
      note: "layers without calibration statistics are ranked by L2 norm")
  }

  private func deflated(_ group: ChannelGroup) throws(CentralityError) -> GroupScores {
    let consumers = consumers(of: group)
    var similarity = FunctionalSimilarity(count: group.channels)
    for consumer in consumers {
      let axis = channels.axes[consumer.axis]
      let squares = ChannelVectors(slicing: tensor(axis), axis: axis.axis).sums(squared: true)
      var norms = [Double](repeating: 0, count: group.channels)
      for (position, unit) in axis.positions(in: group.id) { norms[unit] += squares[position] }
      try consumer.covariance.withUnsafeBufferPointer { (covariance) throws(CentralityError) in
        try similarity.add(covariance: covariance, weightNorms: norms.map { $0.squareRoot() })
      }
    }
    guard similarity.matrix.contains(where: { $0 != 0 }) else {
      return try withoutStatistics(group)
    }
    let selection = try DeflatedCentrality.select(
      similarity.matrix, order: group.channels, count: group.channels)
    var scores = [Double](repeating: 0, count: group.channels)
    var before = 0.0
    for (unit, explained) in zip(selection.order, selection.explained) {
      scores[unit] = max(0, explained - before)
      before = explained
    }
    return GroupScores(order: selection.order, scores: scores)
  }

  private func brainSurgeon(_ group: ChannelGroup) throws(CentralityError) -> GroupScores {
    let consumers = consumers(of: group).filter { consumer in
      consumer.covariance.contains { $0 != 0 }
    }
    guard !consumers.isEmpty else { return try withoutStatistics(group) }
    var matrices: [OptimalBrainSurgeon.Consumer] = []
    for consumer in consumers {
      let axis = channels.axes[consumer.axis]
      let gram = try ChannelVectors(axis, of: group, in: tensor(axis)).gram()
      matrices.append(
        OptimalBrainSurgeon.Consumer(covariance: consumer.covariance, weightGram: gram))
    }
    let removal = try OptimalBrainSurgeon.select(matrices, order: group.channels, count: 1)
    var scores = [Double](repeating: 0, count: group.channels)
    var highest = 0.0
    for (unit, cost) in zip(removal.order, removal.costs) {
      highest = max(highest, cost)
      scores[unit] = highest
    }
    for unit in removal.kept { scores[unit] = highest }
    return GroupScores(order: removal.kept + removal.order.reversed(), scores: scores)
  }
}

extension Value {
  /// The number of elements of an initializer; 0 for other values.
  fileprivate var count: Int { constant?.count ?? 0 }
}
