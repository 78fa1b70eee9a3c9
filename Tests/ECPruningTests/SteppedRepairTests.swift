import ECExecution
import ECGraph
import ECPruning
import ECTensor
import ECTestSupport
import Testing

/// Two convolutions and a classifier over a residual sum; half of every group leaves.
private struct Halved {
  let whole: Graph
  let plan: PruningPlan
  let samples: Tensor

  init(normalized: Bool = false) throws {
    var d = Drawing("halved")
    let x = d.input([3, 8, 8])
    var a = try d.conv(x, "a", 8, size: 3)
    if normalized { a = try d.norm(a, "a_bn") }
    let first = try d.node("Relu", "r1", [a])
    let b = try d.conv(first, "b", 8, size: 3)
    let second = try d.node("Relu", "r2", [b])
    var c = try d.conv(second, "c", 8, size: 1)
    if normalized { c = try d.norm(c, "c_bn") }
    let sum = try d.node("Add", "s", [first, c])
    try d.head(try d.node("Relu", "r3", [sum]))
    whole = d.graph
    plan = PruningPlan(
      entries: ChannelGroups(whole).prunable.map {
        .init(
          layers: $0.layers, channels: $0.channels,
          keep: (0..<$0.channels).filter { $0 % 2 == 0 })
      })
    var generator = SeededGenerator(seed: 9)
    samples = Tensor(generator.floats(32 * 3 * 64), shape: [32, 3, 8, 8])
  }

  func keeps(_ groups: ChannelGroups) throws -> (ChannelUnit) -> Bool {
    let kept = try plan.keeps(in: groups).map(Set.init)
    return { kept[$0.group].contains($0.index) }
  }

  func slim(_ reference: Graph) throws -> Graph {
    var slim = reference
    _ = try RemoveChannels(plan, from: ChannelGroups(reference)).apply(to: &slim)
    return slim
  }

  /// Steps both networks through a repair's stops; `ridge` keeps pruned channels out of the fit.
  func sequential(ridge: Double) throws -> (reference: Graph, layers: [MendedLayer]) {
    var reference = whole
    var groups = ChannelGroups(reference)
    try SequentialRepair(
      groups, of: reference, ridge: ridge, keeps: keeps(groups), isSeen: { _ in true }
    ).prepare(&reference)
    groups = ChannelGroups(reference)
    let repair = try SequentialRepair(
      groups, of: reference, ridge: ridge, keeps: keeps(groups), isSeen: { _ in true })
    let stops = repair.stops.map(\.value)
    var a = SteppedRun(whole, on: [samples], batch: 12, stops: stops)
    var b = SteppedRun(try slim(reference), on: [samples], batch: 12, stops: stops)
    var layers: [MendedLayer] = []
    for stop in repair.stops {
      let x = try a.advance(in: whole, last: stop.axis)
      let z = try b.advance(in: slim(reference), last: stop.axis)
      var joint = JointStatistics(positions: [stop.positions, stop.keptPositions])
      for (x, z) in zip(x, z) { try joint.add([x, z]) }
      let moments = joint.moments()
      layers += try repair.mend(
        stop, mean: moments.mean, covariance: moments.covariance, in: &reference
      ).layers
    }
    return (reference, layers)
  }

  /// The squared error of the outputs, relative to their variance, on the samples.
  func error(_ slim: Graph) throws -> Double {
    func run(_ graph: Graph) throws -> [Double] {
      try Evaluator(graph: graph, inputShapes: [samples.shape]).run([samples])[0].doubles()
    }
    let (truth, found) = (try run(whole), try run(slim))
    let classes = 5
    var (lost, variance) = (0.0, 0.0)
    for k in 0..<classes {
      let own = stride(from: k, to: truth.count, by: classes).map { truth[$0] }
      let mean = own.reduce(0, +) / Double(own.count)
      variance += own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    }
    for (a, b) in zip(truth, found) { lost += (a - b) * (a - b) }
    return lost / variance
  }
}

struct SteppedRepairTests {
  @Test func `stepping from stop to stop gives what one run gives`() throws {
    let halved = try Halved(normalized: true)
    let names = ["r1", "r2", "s"]
    let stops = try names.map { try #require(halved.whole.value(named: $0)) }
    let whole = try Evaluator(
      graph: halved.whole, inputShapes: [halved.samples.shape], outputs: stops
    ).run([halved.samples])
    var run = SteppedRun(halved.whole, on: [halved.samples], batch: 12, stops: stops)
    for (k, truth) in whole.enumerated() {
      let found = try run.advance(in: halved.whole, last: 1, again: k == 1)
      #expect(found.map { $0.shape[0] } == [12, 12, 8])
      let moved = truth.permuted([0, 2, 3, 1]).floats()
      let all = found.flatMap { $0.floats() }
      #expect(zip(all, moved).allSatisfy { abs($0 - $1) < 1e-5 })
    }
    let bytes = try SteppedRun.byteCountPerSample(
      halved.whole, shapes: [[1, 3, 8, 8]], stops: stops)
    // Behind r2, what r1 and r2 gave is still read.
    #expect(bytes == 2 * 8 * 64 * 4)
  }

  @Test func `the sequential repair comes closer than the merge`() throws {
    let halved = try Halved()
    let sequential = try halved.sequential(ridge: 0.03)
    #expect(sequential.layers.map(\.layer) == ["b", "c", "logits"])
    var merged = halved.whole
    let groups = ChannelGroups(merged)
    let sites = groups.readingSites(of: merged)
    let channels = sites.compactMap { SiteChannels($0) }
    var statistics = ChannelStatistics(
      graph: merged,
      taps: zip(sites, channels).map {
        ChannelTap(value: $0.value, axis: $0.axis, positions: $1.positions)
      })
    try statistics.add([halved.samples], batch: 12)
    let moments = zip(channels, statistics.moments()).map {
      SiteMoments($0, mean: $1.mean, covariance: $1.covariance)
    }
    let layers = try MergeRepair(groups, sites: sites, moments: moments, ridge: 0.03)
      .run(on: &merged, keeps: halved.keeps(groups))
    #expect(layers.count == 3)
    let errors = [
      try halved.error(halved.slim(halved.whole)), try halved.error(halved.slim(merged)),
      try halved.error(halved.slim(sequential.reference)),
    ]
    #expect(errors[0] > errors[1] && errors[1] > errors[2], "\(errors)")
  }

  @Test func `paired normalization has the moments of the whole network`() throws {
    let halved = try Halved(normalized: true)
    var reference = halved.whole
    let groups = ChannelGroups(reference)
    let repair = try BatchNormRepair(
      .paired, groups, of: reference, keeps: halved.keeps(groups), isSeen: { _ in true })
    // The input of the first normalization is what it was; behind b there is none.
    #expect(repair.stops.map { reference[$0.value].name } == ["b", "c"])
    #expect(repair.stops.map { repair.changesProducer($0) } == [true, false])
    repair.prepare(&reference)
    let mended = try BatchNormRepair(
      .paired, ChannelGroups(reference), of: reference,
      keeps: halved.keeps(ChannelGroups(reference)), isSeen: { _ in true })
    let stops = mended.stops.map(\.value)
    var a = SteppedRun(halved.whole, on: [halved.samples], batch: 16, stops: stops)
    var b = SteppedRun(try halved.slim(reference), on: [halved.samples], batch: 16, stops: stops)
    for stop in mended.stops {
      func moments(_ tensors: [Tensor]) -> BatchNormRepair.Moments {
        var means = ChannelMeans()
        for tensor in tensors { means.add(tensor) }
        return BatchNormRepair.Moments(mean: means.mean, variance: means.variance)
      }
      _ = mended.mend(
        stop, whole: moments(try a.advance(in: halved.whole, last: stop.axis)),
        pruned: moments(
          try b.advance(
            in: halved.slim(reference), last: stop.axis, again: mended.changesProducer(stop))),
        in: &reference)
    }
    let slim = try halved.slim(reference)
    for name in ["b", "c_bn"] {
      let truth = try means(halved.whole, name, halved.samples)
      let found = try means(slim, name, halved.samples)
      for (k, mean) in found.mean.enumerated() {
        #expect(abs(mean - truth.mean[2 * k]) < 1e-3 * max(1, abs(mean)))
        #expect(abs(found.variance[k] / truth.variance[2 * k] - 1) < 1e-2, "\(name)")
      }
    }
  }

  private func means(_ graph: Graph, _ name: String, _ samples: Tensor) throws -> ChannelMeans {
    let value = try #require(graph.value(named: name))
    let tensor = try Evaluator(graph: graph, inputShapes: [samples.shape], outputs: [value])
      .run([samples])[0]
    var means = ChannelMeans()
    means.add(tensor.permuted([0, 2, 3, 1]))
    return means
  }
}
