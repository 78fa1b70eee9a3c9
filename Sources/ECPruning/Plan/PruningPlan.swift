/// What to keep of every group: the whole decision, which can be edited and replayed.
///
/// Groups are named by the layers that make their channels; groups that aren't in the plan keep
/// everything.
public struct PruningPlan: Sendable, Equatable {
  /// What to keep of one group.
  public struct Entry: Sendable, Equatable {
    /// The layers that make the group's channels, in the model's order.
    public var layers: [String]
    /// How many channels the group has.
    public var channels: Int
    /// The channels to keep, ascending.
    public var keep: [Int]

    /// Joins the fields.
    public init(layers: [String], channels: Int, keep: [Int]) {
      self.layers = layers
      self.channels = channels
      self.keep = keep
    }
  }

  /// The entries in the model's order.
  public var entries: [Entry]

  /// Holds entries.
  public init(entries: [Entry]) {
    self.entries = entries
  }

  /// The channels to keep of each group of a model, by group id.
  ///
  /// Several groups of the same layers are meant in their order.
  /// - Throws: `PruningError` for layers the model doesn't have as a prunable group, and for lists
  ///   that don't fit it.
  public func keeps(in channels: ChannelGroups) throws(PruningError) -> [[Int]] {
    var open: [[String]: [Int]] = [:]
    for group in channels.groups.reversed() where group.isPrunable {
      open[group.layers.sorted(), default: []].append(group.id)
    }
    var keeps = channels.groups.map { Array(0..<$0.channels) }
    for entry in entries {
      guard let id = open[entry.layers.sorted()]?.popLast() else {
        let names = channels.prunable.flatMap(\.layers)
        throw PruningError(
          .unknownGroup(
            layers: entry.layers,
            nearest: nearestNames(to: entry.layers.first ?? "", among: names)))
      }
      do {
        try check(entry, channels.groups[id])
      } catch {
        throw PruningError(error.reason, at: .layer(entry.layers.first ?? ""))
      }
      keeps[id] = entry.keep
    }
    let kept = keeps.map { Set($0) }
    for list in channels.minimums
    where !list.contains(where: { kept[$0.group].contains($0.index) }) {
      throw PruningError(
        .emptyAxis, at: .layer(channels.groups[list[0].group].layers.first ?? ""))
    }
    return keeps
  }

  private func check(_ entry: Entry, _ group: ChannelGroup) throws(PruningError) {
    guard entry.channels == group.channels else {
      throw PruningError(.channelCount(plan: entry.channels, model: group.channels))
    }
    var before = -1
    for index in entry.keep {
      guard (0..<group.channels).contains(index) else {
        throw PruningError(.indexOutOfRange(index: index, count: group.channels))
      }
      guard index > before else { throw PruningError(.notAscending(index: index, after: before)) }
      before = index
    }
    guard !entry.keep.isEmpty else { throw PruningError(.belowMinimum(kept: 0, minimum: 1)) }
    let kept = Set(entry.keep)
    for (index, reason) in group.frozen.enumerated() {
      if let reason, !kept.contains(index) {
        throw PruningError(.mustStay(index: index, reason: reason))
      }
    }
  }
}
