extension Architecture {
  /// The architectures that weights may belong to, the likeliest first, at most three.
  ///
  /// Goes by shapes alone, so names and order don't matter; other classes count as one difference.
  public static func guess(_ weights: StoredWeights) -> [String] {
    let stored = counted(weights.groups.map { $0.weights.map(\.shape) })
    let total = weights.groups.count
    if total == 0 { return [] }
    var scores: [(name: String, share: Double)] = []
    for architecture in all {
      let share = architecture.guesses.map { settings in
        let expected = ArchitectureModel(of: architecture, settings)
          .expectedGroups(weights.layout).map { $0.weights.map(\.shape) }
        let common = counted(expected).reduce(0) { $0 + min($1.value, stored[$1.key] ?? 0) }
        return Double(common) / Double(max(total, expected.count))
      }.max()
      if let share, share > 0.6 { scores.append((architecture.name, share)) }
    }
    scores.sort { ($1.share, $0.name) < ($0.share, $1.name) }
    // Where one fits all but its classes, those that fit in part are no help.
    let best = scores.first?.share ?? 0
    return scores.filter { $0.share > best - 0.1 }.prefix(3).map(\.name)
  }

  /// The settings that are tried for a guess.
  private var guesses: [Settings] {
    guard traits.contains(.alpha) else { return [settings(.init())] }
    return [1, 0.75, 0.5, 0.35, 0.25].map { alpha in
      var options = ArchitectureOptions()
      options.alpha = alpha
      return settings(options)
    }
  }

  private static func counted(_ groups: [[[Int]]]) -> [[[Int]]: Int] {
    groups.reduce(into: [:]) { $0[$1, default: 0] += 1 }
  }
}
