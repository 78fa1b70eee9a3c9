import ECGraph

extension Budget {
  /// The plan that removes the least share with which the target is met; found by bisection on
  /// exact counts.
  func plan(
    meeting target: PlanBuilder.Target, in graph: Graph
  ) throws(PruningError) -> PruningPlan {
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
    func measure(_ counts: [Int]) throws(PruningError) -> Int {
      let plan = plan(keeping: counts)
      let size = try RemoveChannels(plan, from: channels).predict(on: graph)
      if case .macs = target { return size.macs }
      return size.parameters
    }
    var enough = counts(ratio: 1)
    let least = try measure(enough)
    guard least <= wanted else {
      throw PruningError(.unreachable(quantity: quantity, wanted: wanted, reachable: least))
    }
    var (low, high) = (0.0, 1.0)
    var tooMany = counts(ratio: 0)
    if try measure(tooMany) <= wanted { return plan(keeping: tooMany) }
    for _ in 0..<30 {
      let middle = (low + high) / 2
      let probe = counts(ratio: middle)
      // Between equal counts there is nothing to measure.
      if probe == enough {
        high = middle
      } else if probe == tooMany {
        low = middle
      } else if try measure(probe) <= wanted {
        (high, enough) = (middle, probe)
      } else {
        (low, tooMany) = (middle, probe)
      }
    }
    return plan(keeping: enough)
  }
}
