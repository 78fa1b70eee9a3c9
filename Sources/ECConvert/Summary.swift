import ECDiagnostics
import ECGraph

/// A report as lines for a person.
package enum Summary {
  static func lines(_ report: ConversionReport) -> [String] {
    var lines = [
      row("", "before", "after", ""),
      row(
        "parameters", Quantity.count(report.input.parameterCount),
        Quantity.count(report.output.parameterCount),
        share(report.output.parameterCount, report.input.parameterCount)),
      row(
        "MACs", Quantity.count(report.input.macCount), Quantity.count(report.output.macCount),
        share(report.output.macCount, report.input.macCount)),
      row(
        "bytes", Quantity.bytes(report.input.byteCount), Quantity.bytes(report.output.byteCount),
        share(report.output.byteCount, report.input.byteCount)),
    ]
    if let pruning = report.pruning, let groups = pruning["groups"]?.list {
      let share = pruning["prunableMACShare"]?.double ?? 0
      let barriers = pruning["barriers"]?.list?.count ?? 0
      lines.append(
        "pruned \(groups.count) channel groups by \(pruning["criterion"]?.string ?? ""); "
          + "\(Quantity.percent(share)) of the MACs can be pruned"
          + (barriers == 0
            ? "" : "; \(barriers) barrier\(barriers == 1 ? "" : "s"), see the report"))
    }
    if let repaired = report.pruning.flatMap(repair) { lines.append(repaired) }
    if let check = report.verification, let samples = check["samples"]?.int,
      let relative = check["maxRelativeDifference"]?.double
    {
      lines.append(
        "verified: equal to the \(check["reference"]?.string ?? "source") on \(samples) "
          + "sample\(samples == 1 ? "" : "s") to \(Quantity.short(relative)) of the "
          + "largest output")
    }
    return lines
  }

  /// How far layers are from what they gave, before and after the repair.
  private static func repair(_ pruning: FormatObject) -> String? {
    let layers = (pruning["reconstruction"]?.list ?? []).compactMap(\.object)
    let name = pruning["repair"]?.string ?? ""
    guard !layers.isEmpty, name != "none" else { return nil }
    func median(_ key: String) -> String {
      let errors = layers.compactMap { $0[key]?.double }.sorted()
      return Quantity.percent((errors[(errors.count - 1) / 2] + errors[errors.count / 2]) / 2)
    }
    return "repaired \(layers.count) layers by \(name): median error of a layer "
      + "\(median("before")) -> \(median("after"))"
  }

  private static func row(_ title: String, _ before: String, _ after: String, _ share: String)
    -> String
  {
    title.padded(12) + before.padded(12, right: true) + after.padded(12, right: true)
      + share.padded(9, right: true)
  }

  private static func share(_ after: Int, _ before: Int) -> String {
    before == 0 ? "" : Quantity.percent(Double(after) / Double(before))
  }
}

extension String {
  fileprivate func padded(_ width: Int, right: Bool = false) -> String {
    let space = String(repeating: " ", count: max(0, width - count))
    return right ? space + self : self + space
  }
}
