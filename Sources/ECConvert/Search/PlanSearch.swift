import ECDiagnostics
import ECGraph
import ECPruning

/// Decides how much of each group goes: by a share, or as little as meets a target, or as much as the
/// accuracy allows.
struct PlanSearch {
  let stage: PruningStage
  let prepared: PruningStage.Prepared
  let source: SourceModel

  var options: ConversionOptions { stage.options }
  var whole: Graph { prepared.reference }

  /// The decision that the options ask for.
  /// - Throws: a fault of category `unreachable` if a target can't be met, unless the best will do.
  func decide(_ warnings: inout [String]) throws -> PruningStage.Decision {
    guard let importance = prepared.importance else { throw PruningError(.differentModel) }
    var builder = stage.builder()
    var decision = PruningStage.Decision(plan: PruningPlan(entries: []))
    var meter: AccuracyMeter?
    if options.sensitivity != nil || options.maximumAccuracyDrop != nil {
      meter = try AccuracyMeter(options, source, threads: stage.threads)
      if meter == nil && options.maximumAccuracyDrop != nil {
        throw ConversionFault(
          .options(
            "accuracy needs labelled images: give --accuracy-data, or --calibration with them"),
          at: .option("--max-accuracy-drop"))
      }
      let found = try SensitivityStage(
        stage: stage, prepared: prepared, source: source, meter: meter, progress: progress
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
    if let drop = options.maximumAccuracyDrop, let meter {
      try hold(drop, by: meter, budget, &decision, &warnings)
    }
    return decision
  }

  var progress: (String, Double?) -> Void { stage.measures?.progress ?? { _, _ in } }

  func note(_ words: String) { stage.measures?.note(words) }

  /// Takes what is nearest to what was asked for, if the options let it.
  /// - Throws: the fault, if they don't.
  func settle<Fault: DiagnosticError>(
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

  static func range(_ minimum: Int, now: Int, maximum: Int) -> FormatValue {
    .object(["minimum": .int(minimum), "now": .int(now), "maximum": .int(maximum)])
  }

  static func share(_ part: Int, _ whole: Int) -> String {
    Quantity.percent(Double(part) / Double(max(whole, 1)))
  }
}
