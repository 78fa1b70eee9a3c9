import ECGraph

extension Budget {
  /// The plan that removes the least share with which the target is met; found by bisection on
  /// exact counts.
  /// - Throws: `PruningError.unreachable` if none meets it.
  public func plan(meeting target: PlanBuilder.Target) throws(PruningError) -> PruningPlan {
    let (amount, whole, quantity) =
      switch target {
      case .macs(let amount): (amount, graph.macCount, "multiply-accumulates")
      case .parameters(let amount): (amount, graph.parameterCount, "parameters")
      }
    let wanted =
      switch amount {
      case .share(let share): Int((Double(whole) * share).rounded(.down))
      case .absolute(let number): number
      }
    func measure(_ plan: PruningPlan) throws(PruningError) -> Int {
      let size = try size(of: plan)
      if case .macs = target { return size.macs }
      return size.parameters
    }
    let least = try measure(plan(ratio: 1))
    guard least <= wanted else {
      throw PruningError(
        .unreachable(quantity: quantity, wanted: wanted, reachable: least, whole: whole))
    }
    return plan(
      ratio: try weakestRatio { (plan) throws(PruningError) in try measure(plan) <= wanted })
  }

  /// The least share to remove with which a plan suffices, to the last channel.
  /// - Parameter suffices: once it does, it must do so for every larger share.
  public func weakestRatio<Failure: Error>(
    _ suffices: (PruningPlan) throws(Failure) -> Bool
  ) throws(Failure) -> Double {
    var (low, high) = (0.0, 1.0)
    var (tooMany, enough) = (counts(ratio: 0), counts(ratio: 1))
    if try suffices(plan(keeping: tooMany)) { return 0 }
    for _ in 0..<30 {
      let middle = (low + high) / 2
      let probe = counts(ratio: middle)
      // Between equal counts there is nothing to measure.
      if probe == enough {
        high = middle
      } else if probe == tooMany {
        low = middle
      } else if try suffices(plan(keeping: probe)) {
        (high, enough) = (middle, probe)
      } else {
        (low, tooMany) = (middle, probe)
      }
    }
    return high
  }
}
