import ECDiagnostics
import ECGraph
import ECPruning

/// Decides how much of each group goes: by a share, or as little as meets a target, or as much as the
/// accuracy allows.
struct PlanSearch {
  let stage: PruningStage
  let prepared: PruningStage.Prepared
  let source: SourceModel

  private var options: ConversionOptions { stage.options }
  private var whole: Graph { prepared.reference }

  /// The decision that the options ask for.
  /// - Throws: a fault of category `unreachable` if a target can't be met, unless the best will do.
  func decide(_ warnings: inout [String]) throws -> PruningStage.Decision {
    guard let importance = prepared.importance else { throw PruningError(.differentModel) }
    var builder = stage.builder()
    var decision = PruningStage.Decision(plan: PruningPlan(entries: []))
    if options.sensitivity != nil || options.maximumAccuracyDrop != nil {
      let found = try SensitivityStage(
        stage: stage, prepared: prepared, source: source, progress: progress
      ).run(anyOptions: true, warnings: &warnings)
      builder.sensitivities = found.sensitivities
      decision.sensitivities = found.sensitivities
    }
    let budget = try Budget(builder, prepared.groups, ranked: importance, in: whole)
    try tellReachable(budget, &decision)
    if let target = builder.target {
      do throws(PruningError) {
        decision.plan = try budget.plan(meeting: target)
      } catch {
        guard case .unreachable = error.reason else { throw error }
        try settle(for: error, &warnings)
        decision.plan = budget.plan(ratio: 1)
      }
    } else if let target = options.targetSize {
      try meet(target, budget, &decision, &warnings)
    } else if let target = options.targetLatency {
      try meet(target, budget, &decision, &warnings)
    } else if options.maximumAccuracyDrop == nil || options.pruningRatio > 0 {
      decision.plan = budget.plan(ratio: options.pruningRatio)
    }
    if let drop = options.maximumAccuracyDrop {
      try hold(drop, budget, &decision, &warnings)
    }
    return decision
  }

  private var progress: (String, Double?) -> Void { stage.measures?.progress ?? { _, _ in } }

  private func note(_ words: String) { stage.measures?.note(words) }

  /// Takes what is nearest to what was asked for, if the options let it.
  /// - Throws: the fault, if they don't.
  private func settle<Fault: DiagnosticError>(
    for fault: Fault, _ warnings: inout [String]
  ) throws(Fault) {
    guard options.bestEffort else { throw fault }
    warnings.append("\(fault.what); --best-effort takes that")
  }

  // MARK: What is reachable

  /// Says what can be reached, before anything is searched.
  private func tellReachable(
    _ budget: Budget, _ decision: inout PruningStage.Decision
  ) throws(PruningError) {
    let least = try budget.size(of: budget.plan(ratio: 1))
    let figures = [
      ("parameters", least.parameters, whole.parameterCount, options.targetParameters != nil),
      ("macs", least.macs, whole.macCount, options.targetMACs != nil),
    ]
    for (name, minimum, now, isTarget) in figures {
      decision.reachable[name] = Self.range(minimum, now: now, maximum: now)
      if isTarget {
        let words = name == "macs" ? "MACs" : name
        note(
          "reachable: at least \(Quantity.count(minimum)) \(words) "
            + "(\(Self.share(minimum, now))), now \(Quantity.count(now)), at most "
            + "\(Quantity.count(now))")
      }
    }
  }

  private static func range(_ minimum: Int, now: Int, maximum: Int) -> FormatValue {
    .object(["minimum": .int(minimum), "now": .int(now), "maximum": .int(maximum)])
  }

  private static func share(_ part: Int, _ whole: Int) -> String {
    Quantity.percent(Double(part) / Double(max(whole, 1)))
  }

  // MARK: Size

  private func meet(
    _ target: ConversionOptions.Amount, _ budget: Budget, _ decision: inout PruningStage.Decision,
    _ warnings: inout [String]
  ) throws {
    guard let measures = stage.measures else { throw PruningError(.differentModel) }
    let now = source.byteCount(at: options.input)
    let most = try measures.byteCount(whole)
    let wanted =
      switch target {
      case .share(let share): Int(Double(now) * share)
      case .absolute(let count): count
      }
    func bytes(_ plan: PruningPlan) throws -> Int {
      progress("searching the size", nil)
      let slim = try stage.cut(plan, prepared, repair: prepared.repair).slim
      return try measures.byteCount(slim)
    }
    let strongest = budget.plan(ratio: 1)
    let least = try bytes(strongest)
    decision.reachable["bytes"] = Self.range(least, now: now, maximum: most)
    note(
      "reachable: at least \(Quantity.bytes(least)) (\(Self.share(least, now))), now "
        + "\(Quantity.bytes(now)), at most \(Quantity.bytes(most))")
    guard least <= wanted else {
      try settle(
        for: ConversionFault(
          .unreachable(
            target: "\(wanted) bytes",
            least: "\(least) (\(Self.share(least, now)) of the source's \(now))")), &warnings)
      decision.plan = strongest
      return
    }
    var search = InterpolatedSearch(budget: budget, wanted: Double(wanted), tolerance: 0.002)
    decision.plan = try search.run(whole: Double(most), least: Double(least)) { plan in
      Double(try bytes(plan))
    }
    decision.search = search.report(["quantity": .string("bytes"), "wanted": .int(wanted)])
  }

  // MARK: Latency

  private func meet(
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

  // MARK: Accuracy

  /// Weakens what is decided so far until it holds the accuracy, or finds the strongest that does.
  private func hold(
    _ points: Double, _ budget: Budget, _ decision: inout PruningStage.Decision,
    _ warnings: inout [String]
  ) throws {
    guard let meter = try AccuracyMeter(options, source, threads: stage.threads) else {
      throw ConversionFault(
        .options(
          "accuracy needs labelled images: give --accuracy-data, or --calibration with them"),
        at: .option("--max-accuracy-drop"))
    }
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
