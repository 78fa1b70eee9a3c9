import ECGraph
import ECPruning

/// Finds the weakest plan with which a quantity is at most what is wanted, in few measurements.
///
/// The quantity is taken to grow with multiply-accumulates and parameters between what was measured, so
/// that each measurement is made where it is expected to be met, and halves the rest at worst.
struct InterpolatedSearch {
  let budget: Budget
  /// What is wanted at most.
  var wanted: Double
  /// How far below it the result may lie, as a share.
  let tolerance: Double
  private var probes: [FormatValue] = []

  private static let limit = 8

  init(budget: Budget, wanted: Double, tolerance: Double) {
    (self.budget, self.wanted, self.tolerance) = (budget, wanted, tolerance)
  }

  /// The plan; the last of its kind that was measured to be small enough.
  /// - Parameters:
  ///   - whole: the quantity with nothing removed.
  ///   - least: the quantity with the most removed, which is small enough.
  mutating func run(
    whole: Double, least: Double, _ measure: (PruningPlan) throws -> Double
  ) throws -> PruningPlan {
    var weak = (plan: budget.plan(ratio: 0), ratio: 0.0, value: whole)
    var strong = (plan: budget.plan(ratio: 1), ratio: 1.0, value: least)
    if whole <= wanted { return weak.plan }
    for _ in 0..<Self.limit where strong.value < wanted * (1 - tolerance) {
      let ratio = try next(weak.plan, strong.plan, weak.value, strong.value)
      let plan = budget.plan(ratio: ratio)
      if plan == weak.plan || plan == strong.plan { break }
      let value = try measure(plan)
      add(plan, value, isCheck: false)
      if value <= wanted { strong = (plan, ratio, value) } else { weak = (plan, ratio, value) }
    }
    return strong.plan
  }

  /// The share at which the line between two measurements meets what is wanted.
  private func next(
    _ weak: PruningPlan, _ strong: PruningPlan, _ above: Double, _ below: Double
  ) throws(PruningError) -> Double {
    let ends = (try weight(weak), try weight(strong))
    let part = min(max((wanted - below) / max(above - below, 1e-300), 0.05), 0.95)
    let aim = ends.1 + (ends.0 - ends.1) * part
    return try budget.weakestRatio { (plan) throws(PruningError) in try weight(plan) <= aim }
  }

  /// What grows with size and with time.
  private func weight(_ plan: PruningPlan) throws(PruningError) -> Double {
    let size = try budget.size(of: plan)
    return budget.saves == .parameters ? Double(size.parameters) : Double(size.macs)
  }

  /// Notes a measurement for the report.
  mutating func add(_ plan: PruningPlan, _ value: Double, isCheck: Bool) {
    guard let size = try? budget.size(of: plan) else { return }
    probes.append(
      .object([
        "macs": .int(size.macs), "parameters": .int(size.parameters), "value": .float(value),
        "check": .bool(isCheck),
      ]))
  }

  /// Facts with all measurements.
  func report(_ facts: FormatObject) -> FormatObject {
    var object = facts
    object["probes"] = .list(probes)
    return object
  }
}
