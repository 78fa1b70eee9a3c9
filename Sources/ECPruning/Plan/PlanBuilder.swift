public import ECGraph

/// Decides how many channels of each group stay, and which.
public struct PlanBuilder: Sendable {
  /// Where channels compete for staying.
  public enum Scope: String, Sendable, CaseIterable {
    /// Each group alone.
    case local
    /// All groups together, by scores in units of each group's mean.
    case global
    /// Groups whose members have the same axes together.
    case isomorphic
  }

  /// What has to be met by choosing the share.
  public enum Target: Sendable, Equatable {
    /// Multiply-accumulates of one sample.
    case macs(Amount)
    /// Elements of all initializers.
    case parameters(Amount)
  }

  /// A quantity that remains.
  public enum Amount: Sendable, Equatable {
    /// A share of the whole, 0 to 1.
    case share(Double)
    /// A number.
    case absolute(Int)
  }

  /// The share of channels to remove, at least 0 and less than 1; a target chooses its own.
  public var ratio = 0.5
  /// Shares for the groups that certain layers make channels of; the last that matches counts.
  public var layerRatios: [(glob: Glob, ratio: Double)] = []
  /// Layers whose groups stay whole.
  public var exclude: [Glob] = []
  /// If not empty, the only layers whose groups are pruned.
  public var only: [Glob] = []
  /// How kept counts are rounded.
  public var rounding = ChannelRounding.automatic
  /// The least number of channels of a group.
  public var minimumChannels = 2
  /// The largest share that any group loses.
  public var maximumLayerRatio = 0.95
  /// Where channels compete.
  public var scope = Scope.local
  /// What has to be met, if anything.
  public var target: Target?
  /// What removing channels of each group does to the outputs; groups then compete by it, all
  /// together, whatever the scope.
  public var sensitivities: Sensitivities?
  /// What is to be saved where groups compete by sensitivities.
  public var saving = Sensitivities.Saving.macs

  /// Starts with the defaults: half of each group.
  public init() {}

  /// Makes a plan that lists every group it may prune.
  /// - Throws: `PruningError` for options that make no sense, or a target that can't be met.
  public func plan(
    for channels: ChannelGroups, ranked importance: Importance, in graph: Graph
  ) throws(PruningError) -> PruningPlan {
    let budget = try Budget(self, channels, ranked: importance, in: graph)
    guard let target else { return budget.plan(ratio: ratio) }
    return try budget.plan(meeting: target)
  }
}
