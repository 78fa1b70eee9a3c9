import ECDiagnostics
import ECGraph
import ECPruning
import Testing

struct PruningPlanTests {
  private let graph: Graph
  private let groups: ChannelGroups
  private let importance: Importance

  init() throws {
    graph = try Networks.bottleneck()
    groups = ChannelGroups(graph)
    importance = try Importance(.l2, of: groups, in: graph)
  }

  private func plan(_ change: (inout PlanBuilder) -> Void) throws -> PruningPlan {
    var builder = PlanBuilder()
    builder.rounding = .multiple(1)
    change(&builder)
    return try builder.plan(for: groups, ranked: importance, in: graph)
  }

  private func kept(_ plan: PruningPlan) -> [String: Int] {
    Dictionary(uniqueKeysWithValues: plan.entries.map { ($0.layers[0], $0.keep.count) })
  }

  private func reason(_ body: () throws -> Void) -> PruningError.Reason? {
    do {
      try body()
      return nil
    } catch {
      return (error as? PruningError)?.reason
    }
  }

  @Test func `a plan survives its JSON`() throws {
    let original = try plan { $0.ratio = 0.5 }
    let read = try PruningPlan(json: original.json.utf8)
    #expect(read == original)
    #expect(original.json.contains("\"keep\": ["))
  }

  @Test func `a share is removed from each group`() throws {
    #expect(
      kept(try plan { $0.ratio = 0.5 })
        == ["stem": 4, "b1": 2, "b2": 2, "b3": 6, "d1": 2, "d2": 2])
    #expect(kept(try plan { $0.ratio = 0.99 })["b3"] == 2)
  }

  @Test func `layers have shares of their own or stay whole`() throws {
    let counts = kept(
      try plan {
        $0.ratio = 0.5
        $0.exclude = [Glob("st*")]
        $0.layerRatios = [(Glob("b?"), 0.25), (Glob("b[2]"), 0)]
      })
    #expect(counts == ["b1": 3, "b2": 4, "b3": 9, "d1": 2, "d2": 2])
    #expect(kept(try plan { $0.only = [Glob("proj")] }) == ["b3": 6])
  }

  @Test func `a pattern that matches nothing names what is near`() throws {
    let found = reason { _ = try plan { $0.exclude = [Glob("steam*")] } }
    guard case .nothingMatches("steam*", let nearest)? = found else {
      Issue.record("found \(String(describing: found))")
      return
    }
    #expect(nearest.first == "stem")
  }

  @Test func `kept counts are rounded up`() throws {
    let counts = kept(
      try plan {
        $0.ratio = 0.5
        $0.rounding = .multiple(4)
      })
    #expect(counts == ["stem": 4, "b1": 4, "b2": 4, "b3": 8, "d1": 4, "d2": 4])
  }

  @Test func `a target is met closely and exactly counted`() throws {
    for share in [0.3, 0.5, 0.8] {
      let found = try plan { $0.target = .macs(.share(share)) }
      let size = try RemoveChannels(found, from: groups).predict(on: graph)
      #expect(Double(size.macs) <= Double(graph.macCount) * share)
      #expect(Double(size.macs) > Double(graph.macCount) * share * 0.7)
    }
    let wanted = graph.parameterCount / 2
    let found = try plan {
      $0.scope = .global
      $0.target = .parameters(.absolute(wanted))
    }
    let size = try RemoveChannels(found, from: groups).predict(on: graph)
    #expect(size.parameters <= wanted)
  }

  @Test func `a target out of reach says what is reachable`() throws {
    let found = reason { _ = try plan { $0.target = .macs(.absolute(1)) } }
    guard case .unreachable(_, 1, let reachable, _)? = found else {
      Issue.record("found \(String(describing: found))")
      return
    }
    let least = try plan { $0.target = .macs(.absolute(reachable)) }
    #expect(try RemoveChannels(least, from: groups).predict(on: graph).macs == reachable)
  }

  @Test func `groups of the same axes compete together`() throws {
    let scores = groups.groups.map { group in
      (0..<group.channels).map { Double($0 + 1) }
    }
    let given = try Importance(.given(name: "mine", scores: scores), of: groups, in: graph)
    var builder = PlanBuilder()
    builder.rounding = .multiple(1)
    builder.scope = .isomorphic
    let found = try builder.plan(for: groups, ranked: given, in: graph)
    #expect(found.entries.reduce(0) { $0 + $1.keep.count } == 18)
    #expect(found.entries.allSatisfy { $0.keep.last == $0.channels - 1 })
  }

  @Test func `plans that don't fit are refused`() throws {
    let good = PruningPlan.Entry(layers: ["stem"], channels: 8, keep: [0, 1])
    func check(_ change: (inout PruningPlan.Entry) -> Void) -> PruningError.Reason? {
      var entry = good
      change(&entry)
      return reason { _ = try PruningPlan(entries: [entry]).keeps(in: groups) }
    }
    #expect(check { _ in } == nil)
    #expect(check { $0.channels = 9 } == .channelCount(plan: 9, model: 8))
    #expect(check { $0.keep = [0, 8] } == .indexOutOfRange(index: 8, count: 8))
    #expect(check { $0.keep = [1, 1] } == .notAscending(index: 1, after: 1))
    #expect(check { $0.keep = [] } == .belowMinimum(kept: 0, minimum: 1))
    guard case .unknownGroup(["stim"], let nearest)? = check({ $0.layers = ["stim"] }) else {
      Issue.record("an unknown layer was accepted")
      return
    }
    #expect(nearest.first == "stem")
    let twice = PruningPlan(entries: [good, good])
    #expect(reason { _ = try twice.keeps(in: groups) } != nil)
  }

  @Test func `text that isn't a plan is refused`() {
    let texts = ["", "{", "[]", "{\"schemaVersion\": 2, \"groups\": []}", "{\"schemaVersion\": 1}"]
    for text in texts {
      #expect(throws: PruningError.self) { try PruningPlan(json: text.utf8) }
    }
  }

  @Test func `patterns match as the shell's do`() {
    #expect(Glob("conv*").matches("conv2d_1/kernel"))
    #expect(Glob("*/conv?").matches("block/sub/conv1"))
    #expect(!Glob("conv?").matches("conv12"))
    #expect(Glob("b[1-3]_[!x]").matches("b2_y"))
    #expect(!Glob("b[1-3]_[!x]").matches("b2_x"))
    #expect(Glob("a[").matches("a["))
    #expect(Glob("*").matches(""))
    #expect(!Glob("").matches("a"))
  }

  @Test func `each half of a split keeps a channel`() throws {
    let shuffled = try Networks.shuffle()
    let groups = ChannelGroups(shuffled)
    // Everything of the second half ranks last.
    let scores = groups.groups.map { group in (0..<group.channels).map { Double(100 - $0) } }
    let given = try Importance(.given(name: "mine", scores: scores), of: groups, in: shuffled)
    var builder = PlanBuilder()
    builder.rounding = .multiple(1)
    builder.ratio = 0.7
    let plan = try builder.plan(for: groups, ranked: given, in: shuffled)
    var slim = shuffled
    _ = try RemoveChannels(plan, from: groups).apply(to: &slim)
    #expect(plan.entries[0].keep.contains { $0 >= 4 })
  }

  @Test func `every reason has words`() {
    for reason in PruningError.Reason.samples {
      let error = PruningError(reason, at: .layer("conv1"))
      #expect(!error.what.isEmpty && !error.what.hasSuffix("."))
      #expect(error.what.first?.isUppercase == false)
    }
  }
}
