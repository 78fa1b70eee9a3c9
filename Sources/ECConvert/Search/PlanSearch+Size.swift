import ECDiagnostics
import ECGraph
import ECPruning

extension PlanSearch {
  /// Finds the plan whose file comes closest to a size from below.
  func meet(
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
}
