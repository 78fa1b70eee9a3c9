import ECExecution
import ECGraph
import ECPruning
import ECTensor
import ECTestSupport
import Testing

/// Sets rows or elements of a constant to a number.
private func set(_ graph: inout Graph, _ name: String, rows: [Int], to number: Float) throws {
  let id = try #require(graph.value(named: name))
  let tensor = try #require(graph.constant(id))
  var numbers = tensor.floats()
  let row = numbers.count / tensor.shape[0]
  for r in rows { for k in 0..<row { numbers[r * row + k] = number } }
  graph.setConstant(id, Tensor(numbers, shape: tensor.shape))
}

/// Removes given units of the group that a layer makes, after a repair of the graph.
private func remove(
  _ graph: Graph, _ layer: String, _ gone: [Int],
  _ repair: (inout Graph, ChannelGroups, (ChannelUnit) -> Bool) throws -> Void
) throws -> Graph {
  var mended = graph
  let groups = ChannelGroups(graph)
  let group = try #require(groups.prunable.first { $0.layers.contains(layer) })
  try repair(&mended, groups) { $0.group != group.id || !gone.contains($0.index) }
  let plan = PruningPlan(entries: [
    .init(
      layers: group.layers, channels: group.channels,
      keep: (0..<group.channels).filter { !gone.contains($0) })
  ])
  _ = try RemoveChannels(plan, from: ChannelGroups(mended)).apply(to: &mended)
  return mended
}

private func bias(
  _ graph: inout Graph, _ groups: ChannelGroups, _ keeps: (ChannelUnit) -> Bool
) throws -> [ChannelUnit: Float] {
  let whole = graph
  let bias = BiasRepair(groups, sites: groups.readingSites(of: graph))
  let fills = try bias.constants(
    of: graph, keeps: keeps, evaluate: { try Evaluator.result(of: $0, in: whole, on: $1) })
  bias.fold(fills, into: &graph)
  return fills
}

/// Samples to calibrate on.
private func samples(of graph: Graph) throws -> Tensor {
  var generator = SeededGenerator(seed: 5)
  let shape = try Evaluator.inputShapes(of: graph, batch: 16)[0]
  return Tensor(generator.floats(shape.reduce(1, *)), shape: shape)
}

private func merge(
  _ graph: inout Graph, _ groups: ChannelGroups, _ keeps: (ChannelUnit) -> Bool
) throws -> [MendedLayer] {
  let sites = groups.readingSites(of: graph)
  let channels = sites.map { SiteChannels($0) }
  let samples = try samples(of: graph)
  let taps = zip(sites, channels).map {
    ChannelTap(value: $0.value, axis: $0.axis, positions: $1?.positions ?? [])
  }
  var statistics = ChannelStatistics(graph: graph, taps: taps)
  try statistics.add([samples], batch: 8)
  let moments = zip(channels, statistics.moments()).map { channels, found in
    channels.map { SiteMoments($0, mean: found.mean, covariance: found.covariance) }
  }
  return try MergeRepair(groups, sites: sites, moments: moments, ridge: 1e-9)
    .run(on: &graph, keeps: keeps)
}

private func expectSame(_ slim: Graph, _ whole: Graph, _ tolerance: Double = 1e-5) throws {
  let difference = Difference(try slim.run(), reference: try whole.run())
  #expect(difference.passes(relative: tolerance, absolute: 0), "differs by \(difference.relative)")
}

struct RepairTests {
  /// conv, norm with γ = 0 at 1 and 4, ReLU, pool, then a convolution of a size.
  private func dead(size: Int) throws -> Graph {
    var d = Drawing("dead")
    let a = try d.block(d.input([3, 8, 8]), "a", 6)
    let pooled = try d.node(
      "MaxPool", "p", [a],
      ["kernel_shape": .list([.int(2), .int(2)]), "strides": .list([.int(2), .int(2)])])
    try d.head(d.conv(pooled, "b", 5, size: size))
    try set(&d.graph, "a_bn.s", rows: [1, 4], to: 0)
    try set(&d.graph, "a_bn.t", rows: [1, 4], to: 0.8)
    return d.graph
  }

  @Test func `a constant channel leaves without a trace`() throws {
    let graph = try dead(size: 1)
    let slim = try remove(graph, "a", [1, 4]) {
      let fills = try bias(&$0, $1, $2)
      #expect(fills.values.sorted() == [0.8, 0.8])
    }
    #expect(slim.shape("b.w") == [5, 4, 1, 1])
    try expectSame(slim, graph)
  }

  @Test func `a constant channel behind zero padding isn't moved into a bias`() throws {
    let graph = try dead(size: 3)
    _ = try remove(graph, "a", [1, 4]) {
      let fills = try bias(&$0, $1, $2)
      #expect(fills.isEmpty)
    }
  }

  @Test func `a channel that varies isn't moved into a bias`() throws {
    let graph = try dead(size: 1)
    _ = try remove(graph, "a", [0, 2]) {
      let fills = try bias(&$0, $1, $2)
      #expect(fills.isEmpty)
    }
  }

  @Test func `a constant channel leaves a flattened map without a trace`() throws {
    var d = Drawing("flat")
    let a = try d.node("Relu", "r", [d.conv(d.input([3, 4, 4]), "a", 6, bias: true)])
    let flat = try d.node("Flatten", "f", [a], ["axis": .int(1)])
    d.graph.addOutput(try d.dense(flat, "o", 5))
    try set(&d.graph, "a.w", rows: [2], to: 0)
    try set(&d.graph, "a.b", rows: [2], to: 0.5)
    let slim = try remove(d.graph, "a", [2]) {
      let fills = try bias(&$0, $1, $2)
      #expect(fills.count == 1)
    }
    try expectSame(slim, d.graph)
  }

  /// A network whose channel 3 of layer `a` is twice channel 1.
  private func twins(_ rest: (inout Drawing, ValueID) throws -> Void) throws -> Graph {
    var d = Drawing("twins")
    let a = try d.conv(d.input([3, 8, 8]), "a", 6, size: 3)
    try rest(&d, try d.node("Relu", "r", [a]))
    let id = try #require(d.graph.value(named: "a.w"))
    let tensor = try #require(d.graph.constant(id))
    var numbers = tensor.floats()
    for k in 0..<27 { numbers[3 * 27 + k] = 2 * numbers[27 + k] }
    d.graph.setConstant(id, Tensor(numbers, shape: tensor.shape))
    return d.graph
  }

  @Test func `of two proportional channels one takes over for the other`() throws {
    let graph = try twins { d, x in try d.head(d.conv(x, "b", 5, size: 3)) }
    let slim = try remove(graph, "a", [3]) {
      let mended = try merge(&$0, $1, $2)
      #expect(mended.count == 1)
    }
    #expect(slim.shape("b.w") == [5, 5, 3, 3])
    try expectSame(slim, graph, 1e-4)
    let plain = try remove(graph, "a", [3]) { _, _, _ in }
    let difference = Difference(try plain.run(), reference: try graph.run())
    #expect(difference.relative > 1e-3, "the channel mattered")
  }

  @Test func `a proportional channel behind a flatten is taken over position by position`() throws {
    let graph = try twins { d, x in
      let flat = try d.node("Flatten", "f", [x], ["axis": .int(1)])
      d.graph.addOutput(try d.dense(flat, "o", 5))
    }
    let slim = try remove(graph, "a", [3]) {
      let mended = try merge(&$0, $1, $2)
      #expect(mended.count == 1)
    }
    try expectSame(slim, graph, 1e-4)
  }

  @Test func `what a channel gives on the mean goes into a bias`() throws {
    // The removed channel is constant: no other explains it, only the mean does.
    let graph = try dead(size: 1)
    let slim = try remove(graph, "a", [1, 4]) {
      let mended = try merge(&$0, $1, $2)
      #expect(mended.count == 1)
    }
    try expectSame(slim, graph, 1e-4)
  }

  @Test func `what nothing makes good is stated as an error`() throws {
    let graph = try twins { d, x in try d.head(d.conv(x, "b", 5, size: 3)) }
    var errors: [MendedLayer] = []
    _ = try remove(graph, "a", [3]) { errors = try merge(&$0, $1, $2) }
    let error = try #require(errors.first?.error)
    #expect(errors.map(\.layer) == ["b"])
    #expect(error.before > 0.01 && error.after < 1e-6, "\(error)")
  }
}
