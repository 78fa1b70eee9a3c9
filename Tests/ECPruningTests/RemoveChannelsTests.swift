import ECExecution
import ECGraph
import ECPruning
import ECTensor
import Testing

/// A plan that removes given units of groups named by their first layer.
private func plan(_ groups: ChannelGroups, removing: [String: [Int]]) -> PruningPlan {
  PruningPlan(
    entries: groups.prunable.map { group in
      let gone = Set(removing[group.layers[0]] ?? [])
      return PruningPlan.Entry(
        layers: group.layers, channels: group.channels,
        keep: (0..<group.channels).filter { !gone.contains($0) })
    })
}

private func slim(_ graph: Graph, removing: [String: [Int]]) throws -> Graph {
  var slim = graph
  let groups = ChannelGroups(graph)
  let removal = try RemoveChannels(plan(groups, removing: removing), from: groups)
  _ = try removal.apply(to: &slim)
  let reference = try graph.masked(removal.masks(on: graph)).run()
  let difference = Difference(try slim.run(), reference: reference)
  #expect(difference.passes(relative: 1e-4, absolute: 1e-5), "differs by \(difference.absolute)")
  return slim
}

struct RemoveChannelsTests {
  @Test func `a bottleneck loses channels`() throws {
    let result = try slim(
      try Networks.bottleneck(),
      removing: ["stem": [0, 5], "b1": [1], "b2": [3], "b3": [2, 7, 11]])
    let expected = [
      "stem.w": [6, 3, 3, 3], "b1.w": [3, 6, 1, 1], "proj.w": [9, 6, 1, 1], "b2.w": [3, 3, 3, 3],
      "b3.w": [9, 3, 1, 1], "d1.w": [4, 9, 1, 1], "d3.w": [9, 4, 1, 1], "stem_bn.s": [6],
      "b3_bn.v": [9],
    ]
    for (name, shape) in expected { #expect(result.shape(name) == shape, "\(name)") }
  }

  @Test func `a gated block loses channels`() throws {
    let result = try slim(
      try Networks.squeezeExcite(), removing: ["exp": [1, 6], "se1": [2], "stem": [4]])
    let expected = [
      "exp.w": [6, 5, 1, 1], "dw.w": [6, 1, 3, 3], "se1.w": [2, 6, 1, 1], "se2.w": [6, 2, 1, 1],
      "proj.w": [5, 6, 1, 1], "stem.w": [5, 3, 3, 3], "se2.b": [6],
    ]
    for (name, shape) in expected { #expect(result.shape(name) == shape, "\(name)") }
  }

  @Test func `joined channels leave at their offsets`() throws {
    let result = try slim(
      try Networks.dense(), removing: ["stem": [1, 4], "g1": [0], "g2": [2, 3]])
    let expected = [
      "n1.s": [4], "g1.w": [3, 4, 3, 3], "n2.s": [7], "g2.w": [2, 7, 3, 3], "nt.s": [9],
      "tr.w": [7, 9, 1, 1],
    ]
    for (name, shape) in expected { #expect(result.shape(name) == shape, "\(name)") }
  }

  @Test(arguments: [false, true]) func `a flattened picture loses columns`(isLast: Bool) throws {
    let graph = try Networks.flatten(channelsLast: isLast)
    let groups = ChannelGroups(graph)
    let axis = groups.axes.first { $0.layer == "f1" && $0.role == .consumer }
    let gone = axis?.units.indices.filter { [1, 4].contains(axis?.units[$0]?.index ?? 0) }
    #expect(
      gone == (isLast ? [1, 4, 7, 10, 13, 16, 19, 22] : [4, 5, 6, 7, 16, 17, 18, 19]))
    let result = try slim(graph, removing: ["c1": [1, 4], "f1": [0, 9]])
    #expect(Set(result.shape("f1/kernel") ?? result.shape("f1.w") ?? []) == [16, 8])
  }

  @Test func `a shuffle loses columns`() throws {
    let result = try slim(
      try Networks.shuffle(), removing: ["stem": [1, 2, 5], "p1": [2], "p2": [0]])
    #expect(result.shape("stem.w") == [5, 3, 3, 3])
    #expect(result.shape("q1.w") == [2, 3, 1, 1])
    #expect(result.shape("q2.w") == [2, 3, 1, 1])
    #expect(result.shape("p2.w") == [3, 2, 1, 1])
    #expect(result.text.contains("[2, 2, 8, 8]"))
  }

  @Test func `groups and multipliers lose channels`() throws {
    let result = try slim(try Networks.grouped(), removing: ["a": [1], "g": [0, 4]])
    #expect(result.shape("a.w") == [6, 3, 3, 3])
    #expect(result.shape("g.w") == [8, 3, 3, 3])
    #expect(result.shape("m.w") == [16, 1, 3, 3])
    #expect(result.shape("e.w") == [6, 16, 1, 1])
  }

  @Test func `the lost channels are told at their producers`() throws {
    let graph = try Networks.bottleneck()
    let groups = ChannelGroups(graph)
    var slim = graph
    let lost = try RemoveChannels(
      plan(groups, removing: ["b3": [2, 7, 11]]), from: groups
    ).apply(to: &slim)
    #expect(lost.map(\.name) == ["b3", "proj", "d3"])
    #expect(lost.allSatisfy { $0.axis == 1 && $0.keep == [0, 1, 3, 4, 5, 6, 8, 9, 10] })
  }

  @Test func `a slim graph has the same groups, smaller`() throws {
    let graph = try Networks.shuffle()
    let result = try slim(graph, removing: ["stem": [1, 2, 5], "p1": [2], "p2": [0]])
    let groups = ChannelGroups(result)
    #expect(groups.prunable.map(\.layers) == [["stem", "q1", "q2"], ["p1"], ["p2"]])
    #expect(groups.prunable.map(\.channels) == [5, 3, 3])
  }

  @Test(arguments: 0..<20) func `removing equals masking`(seed: Int) throws {
    for graph in try Networks.all() {
      let groups = ChannelGroups(graph)
      let importance = try Importance(.random(seed: UInt64(seed)), of: groups, in: graph)
      var builder = PlanBuilder()
      builder.rounding = .multiple(1)
      builder.minimumChannels = 1
      builder.ratio = [0.2, 0.4, 0.6, 0.9][seed % 4]
      builder.scope = PlanBuilder.Scope.allCases[seed % 3]
      let plan = try builder.plan(for: groups, ranked: importance, in: graph)
      let removal = try RemoveChannels(plan, from: groups)
      var slim = graph
      _ = try removal.apply(to: &slim)
      let predicted = try removal.predict(on: graph)
      #expect(predicted.parameters == slim.parameterCount)
      #expect(predicted.macs == slim.macCount)
      let reference = try graph.masked(removal.masks(on: graph)).run()
      let difference = Difference(try slim.run(), reference: reference)
      #expect(
        difference.passes(relative: 1e-4, absolute: 1e-5),
        "\(graph.name) differs by \(difference.absolute)")
    }
  }
}
