import ECCentrality
import ECGraph
import ECPruning
import ECTensor
import ECTestSupport
import Testing

/// A convolution between an input and a classifier, with given elements `[o, i, 1, 1]`.
private func single(_ kernel: Tensor) throws -> Graph {
  var d = Drawing("single")
  let x = d.input([kernel.shape[1], 4, 4])
  let weights = d.graph.addConstant("c.w", kernel)
  try d.head(d.node("Conv", "c", [x, weights]))
  return d.graph
}

private func scores(_ criterion: Criterion, _ graph: Graph) throws -> GroupScores {
  let groups = ChannelGroups(graph)
  return try Importance(criterion, of: groups, in: graph).groups[groups.prunable[0].id]
}

struct ImportanceTests {
  private let kernel = Tensor([1, 0, 0, 2, 3, 4, -1, 1], shape: [4, 2, 1, 1])

  @Test func `norms are in units of their mean`() throws {
    let graph = try single(kernel)
    let mean1 = (1 + 2 + 7 + 2) / 4.0
    let l1 = try scores(.l1, graph).scores
    for (score, norm) in zip(l1, [1, 2, 7, 2.0]) { #expect(abs(score - norm / mean1) < 1e-9) }
    let l2 = try scores(.l2, graph)
    #expect(l2.order == [2, 1, 3, 0])
    #expect(abs(l2.scores[2] / l2.scores[0] - 5) < 1e-9)
  }

  @Test func `the filter farthest from the others stays`() throws {
    let fpgm = try scores(.fpgm, try single(kernel))
    let rows: [(Double, Double)] = [(1, 0), (0, 2), (3, 4), (-1, 1)]
    let sums = rows.map { a in
      rows.reduce(0.0) { sum, b in
        let (x, y) = (a.0 - b.0, a.1 - b.1)
        return sum + (x * x + y * y).squareRoot()
      }
    }
    let mean = sums.reduce(0, +) / 4
    for (score, sum) in zip(fpgm.scores, sums) { #expect(abs(score - sum / mean) < 1e-6) }
  }

  @Test func `the score of the paper is that of the weights' rows`() throws {
    var generator = SeededGenerator(seed: 5)
    let elements = generator.floats(12 * 18)
    let graph = try single(Tensor(elements, shape: [12, 2, 3, 3]))
    var similarity = SimilarityAccumulator(count: 12)
    try elements.withUnsafeBufferPointer { buffer in
      try similarity.add(buffer, dimension: 18, layout: .rows)
    }
    let outcome = try EigenvectorCentrality().score(similarity.cosine())
    let found = try scores(.paper(EigenvectorCentrality()), graph)
    #expect(found.order == outcome.ranking)
    #expect(found.graph?.edges == outcome.edges)
    #expect(found.kept(5) == outcome.keep(5))
  }

  @Test(arguments: ["l1", "l2", "fpgm", "paper"])
  func `the order of axes in memory doesn't matter`(name: String) throws {
    let criteria: [String: Criterion] = [
      "l1": .l1, "l2": .l2, "fpgm": .fpgm, "paper": .paper(EigenvectorCentrality()),
    ]
    let criterion = try #require(criteria[name])
    var generator = SeededGenerator(seed: 6)
    let keras = Tensor(generator.floats(3 * 3 * 2 * 10), shape: [3, 3, 2, 10])
    let view = keras.permuted([3, 2, 0, 1])
    let plain = Tensor(view.floats(), shape: view.shape)
    let cut = Tensor(
      generator.floats(12 * 2 * 9), shape: [12, 2, 3, 3])
    let a = try scores(criterion, try single(view))
    let b = try scores(criterion, try single(plain))
    #expect(a.order == b.order)
    for (x, y) in zip(a.scores, b.scores) { #expect(abs(x - y) < 1e-6) }
    let picked = cut.gathered(axis: 0, Array(1...9))
    let copied = Tensor(picked.floats(), shape: picked.shape)
    #expect(
      try scores(criterion, try single(picked)).order
        == scores(criterion, try single(copied)).order)
  }

  @Test func `coupled producers count alike`() throws {
    var d = Drawing("coupled")
    let x = d.input([1, 2, 2])
    let big = d.graph.addConstant("big", Tensor([100, 200, 300], shape: [3, 1, 1, 1]))
    let small = d.graph.addConstant("small", Tensor([0.3, 0.2, 0.1], shape: [3, 1, 1, 1]))
    let sum = try d.node(
      "Add", "sum", [d.node("Conv", "a", [x, big]), d.node("Conv", "b", [x, small])])
    try d.head(sum)
    let found = try scores(.l2, d.graph).scores
    #expect(found.allSatisfy { abs($0 - 1) < 1e-6 })
  }

  @Test func `the workers don't change the result`() throws {
    let graph = try Networks.bottleneck()
    let groups = ChannelGroups(graph)
    let criteria: [Criterion] = [.paper(EigenvectorCentrality()), .fpgm, .random(seed: 4)]
    for criterion in criteria {
      let one = try Importance(criterion, of: groups, in: graph, threads: 1)
      let four = try Importance(criterion, of: groups, in: graph, threads: 4)
      #expect(one.groups.map(\.order) == four.groups.map(\.order))
      #expect(one.groups.map(\.scores) == four.groups.map(\.scores))
    }
  }

  @Test func `without statistics the norms rank, and it is said`() throws {
    let graph = try Networks.bottleneck()
    let groups = ChannelGroups(graph)
    let norms = try Importance(.l2, of: groups, in: graph)
    for criterion in [Criterion.centrality, .obs] {
      let found = try Importance(criterion, of: groups, in: graph)
      #expect(found.groups.map(\.order) == norms.groups.map(\.order))
      #expect(found.notes.count == 1)
    }
  }

  @Test func `of two equal channels one is kept`() throws {
    var d = Drawing("twins")
    let c = try d.conv(d.input([2, 4, 4]), "c", 4)
    let flat = try d.node("Flatten", "flat", [c], ["axis": .int(1)])
    d.graph.addOutput(try d.dense(flat, "logits", 5))
    let groups = ChannelGroups(d.graph)
    let group = groups.prunable[0]
    let site = try #require(groups.readingSites(of: d.graph).first)
    #expect(site.units.count == 64)
    // Channels 0 and 1 are the same, and louder than 2 and 3.
    let covariance: [Double] = [9, 9, 0, 0, 9, 9, 0, 0, 0, 0, 4, 0, 0, 0, 0, 1]
    var statistics = ActivationStatistics(groups: groups.groups.map { _ in [] })
    statistics.groups[group.id] = [
      .init(axis: site.consumers[0], mean: [0, 0, 0, 0], covariance: covariance)
    ]
    for criterion in [Criterion.centrality, .obs] {
      let found = try Importance(criterion, of: groups, in: d.graph, statistics: statistics)
      let kept = found.groups[group.id].kept(2)
      #expect(kept.filter { $0 < 2 }.count == 1, "\(criterion.name)")
      #expect(found.notes.isEmpty)
    }
  }

  @Test func `weights that are not finite are refused`() throws {
    let graph = try single(Tensor([1, .nan, 0, 2, 3, 4, -1, 1], shape: [4, 2, 1, 1]))
    #expect(throws: PruningError.self) { try scores(.paper(EigenvectorCentrality()), graph) }
  }
}

struct ChannelScaleTests {
  @Test func `batch normalization behind a producer counts`() throws {
    var d = Drawing("scaled")
    let x = d.input([1, 2, 2])
    let kernel = d.graph.addConstant("k", Tensor([1, 2, 3], shape: [3, 1, 1, 1]))
    func vector(_ name: String, _ elements: [Float]) -> ValueID {
      d.graph.addConstant(name, Tensor(elements, shape: [3]))
    }
    let conv = try d.node("Conv", "c", [x, kernel])
    let inputs = [
      conv, vector("s", [6, -2, 1]), vector("t", [0, 0, 0]), vector("m", [0, 0, 0]),
      vector("v", [1, 1, 4]),
    ]
    try d.head(d.node("BatchNormalization", "bn", inputs, ["epsilon": .float(0)]))
    // Norms 1, 2, 3 times 6, 2, 1/2.
    let norms = try scores(.l2, d.graph).scores
    #expect(abs(norms[0] / norms[1] - 1.5) < 1e-5)
    #expect(abs(norms[0] / norms[2] - 4) < 1e-5)
    let scales = try scores(.batchNormScale, d.graph)
    #expect(scales.order == [0, 1, 2])
    #expect(abs(scales.scores[0] - 2) < 1e-5)
    #expect(scales.note == nil)
  }
}
