import ECPruning

extension PruningStage {
  /// Why nothing is removed though something should be; `nil` if something is, or nothing should.
  func reasonForNothing(_ groups: ChannelGroups, _ keeps: [[Int]]) -> String? {
    let ratio = options.layerRatios.map(\.ratio).reduce(options.pruningRatio, max)
    guard ratio > 0, zip(groups.groups, keeps).allSatisfy({ $0.channels == $1.count }) else {
      return nil
    }
    let prunable = groups.prunable
    guard let largest = prunable.map(\.channels).max() else {
      let example = groups.barriers.first.map { ", for instance '\($0.layer)': \($0.reason)" }
      return "nothing was pruned: every channel has to stay\(example ?? ""); "
        + "'ecconvert inspect' lists all"
    }
    if !options.exclude.isEmpty || !options.only.isEmpty {
      return "nothing was pruned: --exclude and --only leave no layer of which \(ratio) can go"
    }
    return "nothing was pruned: \(ratio) of \(largest) channels, the most of any group, is no "
      + "whole channel after rounding; give a larger --prune, or --round-to 1"
  }
}
