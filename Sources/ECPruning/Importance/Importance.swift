import Dispatch
public import ECGraph
import Synchronization

/// How the channels of every group rank. Nothing is removed by this.
public struct Importance: Sendable {
  /// The criterion's name.
  public let criterion: String
  /// The ranking of each group, by group id; trivial for groups that can't be pruned.
  public let groups: [GroupScores]

  /// Ranks the units of all prunable groups.
  ///
  /// Groups are independent and ranked by up to `threads` workers; a single huge product gets as
  /// many threads of its own. The result doesn't depend on `threads`.
  /// - Throws: `PruningError` for weights or statistics that are not finite.
  public init(
    _ criterion: Criterion, of channels: ChannelGroups, in graph: Graph,
    statistics: ActivationStatistics? = nil, threads: Int = 1
  ) throws(PruningError) {
    if case .given(_, let scores) = criterion, scores.count != channels.groups.count {
      throw PruningError(.differentModel)
    }
    if let statistics, statistics.groups.count != channels.groups.count {
      throw PruningError(.differentModel)
    }
    self.criterion = criterion.name
    let scorer = GroupScorer(
      criterion: criterion, channels: channels, graph: graph, statistics: statistics,
      readers: graph.consumers())
    let work = channels.groups.map { scorer.work(of: $0) }
    let huge = channels.groups.filter { work[$0.id] > Importance.hugeWork }
    let rest = channels.groups.filter { work[$0.id] <= Importance.hugeWork }
      .sorted { (work[$1.id], $0.id) < (work[$0.id], $1.id) }
    var results = [Result<GroupScores, PruningError>?](
      repeating: nil, count: channels.groups.count)
    for group in huge {
      results[group.id] = Result { () throws(PruningError) in
        try scorer.score(group, threads: threads)
      }
    }
    let scored = Mutex(results)
    let next = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: max(1, min(threads, rest.count))) { _ in
      while true {
        let k = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard k < rest.count else { return }
        let result = Result { () throws(PruningError) in try scorer.score(rest[k], threads: 1) }
        scored.withLock { $0[rest[k].id] = result }
      }
    }
    var groups: [GroupScores] = []
    for case let result? in scored.withLock({ $0 }) { groups.append(try result.get()) }
    self.groups = groups
  }

  /// Remarks for the user, each once.
  public var notes: [String] {
    var seen: Set<String> = []
    return groups.compactMap(\.note).filter { seen.insert($0).inserted }
  }

  /// Multiply-adds above which one product deserves several threads.
  private static let hugeWork = 20_000_000_000
}
