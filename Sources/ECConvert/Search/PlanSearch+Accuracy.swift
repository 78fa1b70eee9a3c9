import ECDiagnostics
import ECGraph
import ECPruning

extension PlanSearch {
  /// Weakens what is decided so far until it holds the accuracy, or finds the strongest that does.
  func hold(
    _ points: Double, by meter: AccuracyMeter, _ budget: Budget,
    _ decision: inout PruningStage.Decision, _ warnings: inout [String]
  ) throws {
    progress("measuring the accuracy", nil)
    let before = try meter.accuracy(of: source.graph)
    var trace: [FormatValue] = []
    func drop(_ plan: PruningPlan) throws -> Double {
      progress("measuring the accuracy", nil)
      let slim = try stage.cut(plan, prepared, repair: prepared.repair).slim
      let accuracy = try meter.accuracy(of: slim)
      trace.append(
        .object([
          "accuracy": .float(Self.rounded(accuracy)), "macs": .int(slim.macCount),
          "parameters": .int(slim.parameterCount),
        ]))
      return (before - accuracy) * 100
    }
    let isFixed = !decision.plan.entries.isEmpty
    let fixed = decision.plan
    var most = 1.0
    if isFixed {
      let found = try drop(fixed)
      if found <= points + 1e-9 { return finish(fixed, found) }
      let size = try budget.size(of: fixed)
      most = try budget.weakestRatio { (plan) throws(PruningError) in
        try budget.size(of: plan).macs <= size.macs
      }
    }
    let best = try strongest(budget, below: most, points, drop)
    let size = try budget.size(of: best.plan)
    let reached =
      "\(Self.share(size.macs, whole.macCount)) of the MACs and "
      + "\(Self.share(size.parameters, whole.parameterCount)) of the parameters"
    if isFixed {
      try settle(
        for: ConversionFault(
          .accuracy(allowed: points, reachable: "a drop of \(Self.words(best.drop)) at \(reached)")),
        &warnings)
    } else if size.macs == whole.macCount && size.parameters == whole.parameterCount {
      try settle(
        for: ConversionFault(
          .accuracy(
            allowed: points,
            reachable: "nothing but the whole model; the weakest pruning that was "
              + "tried loses \(Self.words(best.weakest))")), &warnings)
    }
    finish(best.plan, best.drop)

    func finish(_ plan: PruningPlan, _ drop: Double) {
      decision.plan = plan
      decision.search = [
        "quantity": .string("accuracy"), "wanted": .float(points),
        "images": .int(meter.items.count), "before": .float(Self.rounded(before)),
        "after": .float(Self.rounded(before - drop / 100)), "probes": .list(trace),
      ]
      note(
        "accuracy on \(meter.items.count) labelled images: \(Quantity.percent(before)) -> "
          + Quantity.percent(before - drop / 100))
    }
  }

  /// The strongest pruning of at most a share whose drop is allowed, by bisection of the share.
  private func strongest(
    _ budget: Budget, below most: Double, _ allowed: Double,
    _ drop: (PruningPlan) throws -> Double
  ) throws -> (plan: PruningPlan, drop: Double, weakest: Double) {
    var (low, high) = (0.0, most)
    var best = (plan: budget.plan(ratio: 0), drop: 0.0)
    var weakest = Double.infinity
    var failed: PruningPlan?
    for _ in 0..<8 {
      let middle = (low + high) / 2
      let plan = budget.plan(ratio: middle)
      if plan == best.plan {
        low = middle
        continue
      }
      if plan == failed {
        high = middle
        continue
      }
      let found = try drop(plan)
      if found <= allowed + 1e-9 {
        (low, best) = (middle, (plan, found))
      } else {
        (high, failed) = (middle, plan)
        weakest = found
      }
    }
    return (best.plan, best.drop, weakest)
  }

  private static func words(_ points: Double) -> String {
    points.isFinite ? "\((points * 100).rounded() / 100) points" : "more"
  }

  private static func rounded(_ number: Double) -> Double { (number * 1e6).rounded() / 1e6 }
}
