import ECDiagnostics
import ECExecution
import ECGraph
import ECPruning
import ECTensor

/// Runs the whole and the pruned network side by side, and mends the pruned one layer by layer.
struct SteppedRepair {
  let plan: PruningPlan
  let inputs: CalibrationInputs
  /// Whether consumers are refitted, and with which ridge.
  let ridge: Double?
  /// What becomes of batch normalizations; `nil` leaves them.
  let normalization: BatchNormRepair.Mode?
  let threads: Int

  /// The most bytes of activations that are held; beyond it fewer samples are looked at.
  private static let byteLimit = 1536 << 20
  /// The samples that run at once.
  private static let batch = 16

  /// What was done.
  struct Outcome {
    var layers: [MendedLayer] = []
    /// How many normalizations, or producers in their place, were moved.
    var normalizations = 0
    var notes: [String] = []
  }

  /// Where both networks stop.
  private enum Stop {
    case producer(BatchNormRepair.Stop)
    case normalization(BatchNormRepair.Stop)
    case consumers(SequentialRepair.Stop)

    var value: ValueID {
      switch self {
      case .producer(let stop), .normalization(let stop): stop.value
      case .consumers(let stop): stop.value
      }
    }

    /// What comes first at one value: whatever changes it.
    var rank: Int {
      switch self {
      case .producer: 0
      case .normalization: 1
      case .consumers: 2
      }
    }
  }

  private struct Repairs {
    let consumers: SequentialRepair?
    let normalizations: BatchNormRepair?
    let removal: RemoveChannels
  }

  /// Mends the whole graph of a plan; the pruned one is a part of it.
  /// - Parameters:
  ///   - reference: the graph with what was mended so far; gets biases where it needs them, so that
  ///     its channel groups change.
  ///   - original: the graph before any repair, which the pruned one is to be like.
  /// - Throws: `ExecutionError` if the graph can't be run.
  func run(on reference: inout Graph, original: Graph) throws -> Outcome {
    var outcome = Outcome()
    let unprepared = try repairs(ChannelGroups(reference), reference)
    unprepared.consumers?.prepare(&reference)
    unprepared.normalizations?.prepare(&reference)
    let repairs = try repairs(ChannelGroups(reference), reference)
    let stops = ordered(repairs, reference)
    let early = stops.filter { inputs.small?.part.values.contains($0.value) ?? false }
    let late = stops.filter { !(inputs.small?.part.values.contains($0.value) ?? false) }
    if let small = inputs.small, !early.isEmpty {
      try walk(
        early, small.inputs, small.part.graph, like: small.part, repairs, &reference, &outcome)
    }
    if !late.isEmpty {
      try walk(late, inputs.whole, original, like: nil, repairs, &reference, &outcome)
    }
    return outcome
  }

  private func repairs(_ groups: ChannelGroups, _ graph: Graph) throws -> Repairs {
    let kept = try plan.keeps(in: groups).map(Set.init)
    let keeps = { (unit: ChannelUnit) in kept[unit.group].contains(unit.index) }
    let unseen = graph.valuesBehindCarriedNodes
    return Repairs(
      consumers: ridge.map {
        SequentialRepair(
          groups, of: graph, ridge: $0, keeps: keeps, isSeen: { !unseen.contains($0) })
      },
      normalizations: normalization.map {
        BatchNormRepair($0, groups, of: graph, keeps: keeps, isSeen: { !unseen.contains($0) })
      },
      removal: try RemoveChannels(plan, from: groups))
  }

  private func ordered(_ repairs: Repairs, _ graph: Graph) -> [Stop] {
    var places: [ValueID: Int] = [:]
    for (place, node) in graph.nodes.enumerated() {
      for output in node.outputs { places[output] = place }
    }
    var stops = (repairs.consumers?.stops ?? []).map { Stop.consumers($0) }
    if let normalizations = repairs.normalizations {
      stops += normalizations.stops.map {
        normalizations.changesProducer($0) ? .producer($0) : .normalization($0)
      }
    }
    return stops.enumerated().sorted {
      (places[$0.element.value] ?? -1, $0.element.rank, $0.offset)
        < (places[$1.element.value] ?? -1, $1.element.rank, $1.offset)
    }.map(\.element)
  }

  /// Steps both networks through stops, mending as it goes.
  private func walk(
    _ stops: [Stop], _ samples: [Tensor], _ original: Graph, like part: ResizedGraph?,
    _ repairs: Repairs, _ reference: inout Graph, _ outcome: inout Outcome
  ) throws {
    var slim = reference
    _ = try repairs.removal.apply(to: &slim)
    if let part { slim = slim.part(like: part.graph) }
    let values = stops.map(\.value)
    let batch = batch(of: original)
    let samples = fitting(samples, batch, [original, slim], values, &outcome)
    var whole = SteppedRun(original, on: samples, batch: batch, stops: values, threads: threads)
    var pruned = SteppedRun(slim, on: samples, batch: batch, stops: values, threads: threads)
    for stop in stops {
      let changed: [ValueID]
      switch stop {
      case .consumers(let stop):
        guard let repair = repairs.consumers else { continue }
        let before = try whole.advance(in: original, last: stop.axis)
        let after = try pruned.advance(in: slim, last: stop.axis)
        var statistics = JointStatistics(
          positions: [stop.positions, stop.keptPositions], threads: threads)
        for (x, z) in zip(before, after) { try statistics.add([x, z]) }
        let moments = statistics.moments()
        let mended = try repair.mend(
          stop, mean: moments.mean, covariance: moments.covariance, in: &reference)
        outcome.layers += mended.layers
        changed = mended.changed
      case .normalization(let stop), .producer(let stop):
        guard let repair = repairs.normalizations else { continue }
        let again = repair.changesProducer(stop)
        changed = repair.mend(
          stop, whole: moments(try whole.advance(in: original, last: stop.axis)),
          pruned: moments(try pruned.advance(in: slim, last: stop.axis, again: again)),
          in: &reference)
        outcome.normalizations += 1
      }
      for value in changed {
        guard let tensor = repairs.removal.cut(value, of: reference) else { continue }
        slim.setConstant(value, tensor)
      }
    }
  }

  private func moments(_ activations: [Tensor]) -> BatchNormRepair.Moments {
    var means = ChannelMeans()
    for tensor in activations { means.add(tensor) }
    return BatchNormRepair.Moments(mean: means.mean, variance: means.variance)
  }

  /// The samples that run at once: as many as the graph is made for, where it says so.
  private func batch(of graph: Graph) -> Int {
    let shapes = Set(graph.inputs.map { graph[$0].type.shape.first?.value })
    if shapes.count == 1, let fixed = shapes.first, let fixed, fixed > 1 { return fixed }
    return Self.batch
  }

  /// As many of the samples as fit the memory.
  private func fitting(
    _ samples: [Tensor], _ batch: Int, _ graphs: [Graph], _ stops: [ValueID],
    _ outcome: inout Outcome
  ) -> [Tensor] {
    let shapes = samples.map { [1] + $0.shape.dropFirst() }
    var perSample = 0
    for graph in graphs {
      // Some graphs have their batch in the shapes that they reshape to; they run as they are.
      guard
        let count = try? SteppedRun.byteCountPerSample(graph, shapes: shapes, stops: stops)
      else { return samples }
      perSample += count
    }
    let count = samples.first?.shape.first ?? 0
    let most = max(batch, Self.byteLimit / max(1, perSample))
    guard count > most else { return samples }
    outcome.notes.append(
      "the repair looks at \(most) of \(count) samples, whose activations fit its memory")
    return samples.map { $0.sliced(axis: 0, 0..<most) }
  }
}

extension Graph {
  /// The nodes of this graph that another one has too, for its inputs.
  fileprivate func part(like other: Graph) -> Graph {
    var part = self
    for id in inputs { part.setInputType(id, other[id].type) }
    part.remove(Set(order).subtracting(other.order))
    return part
  }
}
