public import ECGraph

/// The plans that options allow, from nothing removed to as much as the floors leave.
public struct Budget: Sendable {
  private struct Candidate: Sendable {
    let group: ChannelGroup
    let scores: GroupScores
    /// What competes with other groups, by rank, never rising.
    let standing: [Double]
    /// The share of its own, where layers were given one.
    let ratio: Double?
    /// The least number of units that stay.
    let floor: Int
    /// Groups of one pool compete.
    let pool: Int
    /// The axes within this group alone that may not become empty.
    let minimums: [[Int]]
  }

  private let options: PlanBuilder
  let channels: ChannelGroups
  let graph: Graph
  private let candidates: [Candidate]

  /// Prepares the plans of a graph.
  /// - Throws: `PruningError` for options that make no sense.
  public init(
    _ options: PlanBuilder, _ channels: ChannelGroups, ranked importance: Importance,
    in graph: Graph
  ) throws(PruningError) {
    guard importance.groups.count == channels.groups.count,
      zip(importance.groups, channels.groups).allSatisfy({ $0.order.count == $1.channels })
    else { throw PruningError(.differentModel) }
    try Budget.check(options, channels)
    self.options = options
    self.channels = channels
    self.graph = graph
    let curves = try options.sensitivities.map { (curves) throws(PruningError) in
      try curves.byGroup(of: channels)
    }
    var inner = [[[Int]]](repeating: [], count: channels.groups.count)
    for list in channels.minimums where list.allSatisfy({ $0.group == list[0].group }) {
      inner[list[0].group].append(list.map(\.index))
    }
    var pools: [[String]: Int] = [:]
    var candidates: [Candidate] = []
    for group in channels.prunable where Budget.allows(options, group) {
      let isSplit = options.scope == .isomorphic && curves == nil
      let signature = isSplit ? Budget.signature(group, channels, graph) : []
      let pool = pools[signature] ?? pools.count
      pools[signature] = pool
      let n = group.channels
      let share = Int((Double(n) * (1 - options.maximumLayerRatio) - 1e-9).rounded(.up))
      let frozen = n - group.freeUnits.count
      candidates.append(
        Candidate(
          group: group, scores: importance.groups[group.id],
          standing: curves?[group.id]?.standing(of: group.channels, saving: options.saving)
            ?? importance.groups[group.id].standing,
          ratio: options.layerRatios.last { entry in
            group.layers.contains(where: entry.glob.matches)
          }?.ratio,
          floor: min(n, max(options.minimumChannels, share, frozen, 1)), pool: pool,
          minimums: inner[group.id]))
    }
    self.candidates = candidates
  }

  private static func check(
    _ options: PlanBuilder, _ channels: ChannelGroups
  ) throws(PruningError) {
    for ratio in [options.ratio] + options.layerRatios.map(\.ratio) {
      guard ratio >= 0, ratio < 1 else { throw PruningError(.ratio(ratio)) }
    }
    if case .multiple(let step) = options.rounding, step < 1 {
      throw PruningError(.tooSmall("the multiple", step))
    }
    guard options.minimumChannels >= 1 else {
      throw PruningError(.tooSmall("the least number of channels", options.minimumChannels))
    }
    guard options.maximumLayerRatio >= 0, options.maximumLayerRatio <= 1 else {
      throw PruningError(.ratio(options.maximumLayerRatio))
    }
    let globs = options.exclude + options.only + options.layerRatios.map(\.glob)
    for glob in globs where !channels.layerNames.contains(where: glob.matches) {
      throw PruningError(
        .nothingMatches(
          pattern: glob.pattern,
          nearest: nearestNames(to: glob.pattern, among: channels.layerNames)))
    }
  }

  private static func allows(_ options: PlanBuilder, _ group: ChannelGroup) -> Bool {
    func touched(_ globs: [Glob]) -> Bool {
      globs.contains { glob in group.layers.contains(where: glob.matches) }
    }
    return !touched(options.exclude) && (options.only.isEmpty || touched(options.only))
  }

  /// The roles and shapes of a group's axes, in their order.
  private static func signature(
    _ group: ChannelGroup, _ channels: ChannelGroups, _ graph: Graph
  ) -> [String] {
    ["\(group.channels)"]
      + group.members.map { k in
        let axis = channels.axes[k]
        return "\(axis.role) \(axis.axis) \(graph[axis.value].type.shape)"
      }
  }

  /// How many units of each candidate stay for a share to remove.
  func counts(ratio: Double) -> [Int] {
    var counts = candidates.map { candidate in
      let n = candidate.group.channels
      return n - Int((Double(n) * (candidate.ratio ?? ratio) + 1e-9).rounded(.down))
    }
    if options.scope != .local || options.sensitivities != nil { compete(&counts, ratio: ratio) }
    return zip(counts, candidates).map { count, candidate in
      options.rounding.round(max(count, candidate.floor), of: candidate.group.channels)
    }
  }

  /// Removes the lowest standings of each pool until its share is removed or all are at a floor.
  private func compete(_ counts: inout [Int], ratio: Double) {
    let pooled = candidates.indices.filter { candidates[$0].ratio == nil }
    for pool in Set(pooled.map { candidates[$0].pool }).sorted() {
      let members = pooled.filter { candidates[$0].pool == pool }
      var line: [(standing: Double, member: Int, rank: Int)] = []
      for k in members {
        counts[k] = candidates[k].group.channels
        for (rank, standing) in candidates[k].standing.enumerated() {
          line.append((standing, k, rank))
        }
      }
      line.sort { ($0.standing, $1.rank, $0.member) < ($1.standing, $0.rank, $1.member) }
      var remaining = Int((Double(line.count) * ratio + 1e-9).rounded(.down))
      for entry in line
      where remaining > 0 && counts[entry.member] > candidates[entry.member].floor {
        counts[entry.member] -= 1
        remaining -= 1
      }
    }
  }

  /// The plan that keeps the best of each group.
  /// - Parameter ratio: the share to remove, from 0 to 1, which the floors may hold up.
  public func plan(ratio: Double) -> PruningPlan {
    plan(keeping: counts(ratio: ratio))
  }

  /// What is to be saved.
  public var saves: Sensitivities.Saving { options.saving }

  /// What a plan leaves, without repairs.
  public func size(of plan: PruningPlan) throws(PruningError) -> (parameters: Int, macs: Int) {
    try RemoveChannels(plan, from: channels).predict(on: graph)
  }

  /// The plan that keeps given numbers of the best of each group.
  func plan(keeping counts: [Int]) -> PruningPlan {
    var keeps: [Int: Set<Int>] = [:]
    for (candidate, count) in zip(candidates, counts) {
      keeps[candidate.group.id] = select(candidate, count)
    }
    // An axis over several groups (a part of a concatenation) must keep a channel as well.
    for list in channels.minimums {
      let isEmpty = !list.contains { keeps[$0.group]?.contains($0.index) ?? true }
      if isEmpty, let rescued = list.min(by: { rank($0) < rank($1) }) {
        keeps[rescued.group]?.insert(rescued.index)
      }
    }
    return PruningPlan(
      entries: candidates.map { candidate in
        PruningPlan.Entry(
          layers: candidate.group.layers, channels: candidate.group.channels,
          keep: (keeps[candidate.group.id] ?? []).sorted())
      })
  }

  private func rank(_ unit: ChannelUnit) -> Int {
    let candidate = candidates.first { $0.group.id == unit.group }
    return candidate?.scores.order.firstIndex(of: unit.index) ?? .max
  }

  /// The units that stay of one group: those that must, and the best of the others.
  private func select(_ candidate: Candidate, _ count: Int) -> Set<Int> {
    let group = candidate.group
    let order = candidate.scores.order
    var kept = Set(group.frozen.indices.filter { group.frozen[$0] != nil })
    for unit in order where kept.count < count { kept.insert(unit) }
    for list in candidate.minimums where kept.isDisjoint(with: list) {
      let wanted = Set(list)
      guard let best = order.first(where: wanted.contains) else { continue }
      kept.insert(best)
      if kept.count > count,
        let worst = order.last(where: { unit in
          kept.contains(unit) && unit != best && group.frozen[unit] == nil
            && candidate.minimums.allSatisfy { other in
              !other.contains(unit) || other.contains { $0 != unit && kept.contains($0) }
            }
        })
      {
        kept.remove(worst)
      }
    }
    return kept
  }
}
