import ECDiagnostics
import ECGraph
import ECPruning

extension PlanSearch {
  /// Finds the plan whose time comes closest to one from below, measured in turn with the source's.
  func meet(
    _ target: ConversionOptions.Latency, _ budget: Budget,
    _ decision: inout PruningStage.Decision, _ warnings: inout [String]
  ) throws {
    guard let measures = stage.measures else { throw PruningError(.differentModel) }
    progress("measuring the source", nil)
    let meter = try LatencyMeter(try measures.temporary(source.graph), options)
    let now = try meter.sourceSeconds()
    let wanted: Double
    let isShare: Bool
    switch target {
    case .share(let share): (wanted, isShare) = (share, true)
    case .seconds(let seconds): (wanted, isShare) = (seconds, false)
    }
    var last: LatencyMeter.Reading?
    func time(_ plan: PruningPlan) throws -> Double {
      progress("measuring a candidate", nil)
      // Weights don't matter: what isn't mended runs as long.
      let slim = try stage.cut(plan, prepared, repair: .none, keepsNorms: true).slim
      let reading = try meter.reading(of: try measures.temporary(slim))
      last = reading
      return isShare ? reading.share : reading.seconds
    }
    let strongest = budget.plan(ratio: 1)
    let least = try time(strongest)
    let leastSeconds = last?.seconds ?? 0
    decision.reachable["latency"] = .object([
      "minimum": .float(leastSeconds), "now": .float(now), "maximum": .float(now),
      "engine": .string(meter.engine),
    ])
    let words = { (value: Double) in
      isShare ? Quantity.percent(value) : "\(Quantity.short(value * 1e3)) ms"
    }
    note(
      "reachable: at least \(Quantity.short(leastSeconds * 1e3)) ms "
        + "(\(Quantity.percent(leastSeconds / max(now, 1e-12)))), now and at most "
        + "\(Quantity.short(now * 1e3)) ms in \(meter.engine)")
    guard least <= wanted else {
      try settle(
        for: ConversionFault(
          .unreachable(
            target: isShare ? "\(words(wanted)) of the source's time" : "\(words(wanted)) a run",
            least: words(least))), &warnings)
      decision.plan = strongest
      return
    }
    var search = InterpolatedSearch(budget: budget, wanted: wanted, tolerance: 0.05)
    var aim = wanted
    for _ in 0..<4 {
      search.wanted = aim
      decision.plan = try search.run(whole: isShare ? 1 : now, least: least, time)
      // What was chosen for a good reading is read once more.
      let check = try time(decision.plan)
      search.add(decision.plan, check, isCheck: true)
      if check <= wanted { break }
      aim *= min(0.97, wanted / check)
    }
    decision.search = search.report([
      "quantity": .string("latency"), "wanted": .float(wanted), "engine": .string(meter.engine),
      "found": .object([
        "seconds": .float(last?.seconds ?? 0), "shareOfSource": .float(last?.share ?? 0),
      ]),
    ])
    if let last {
      note(
        "found \(Quantity.short(last.seconds * 1e3)) ms, \(Quantity.percent(last.share)) of the "
          + "source's in the same rounds")
      if (isShare ? last.share : last.seconds) > wanted {
        warnings.append(
          "the last measurement, \(words(isShare ? last.share : last.seconds)), is over the target; "
            + "other work on this machine disturbs it")
      }
    }
  }
}
