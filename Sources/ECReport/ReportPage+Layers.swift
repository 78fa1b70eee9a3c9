import ECDiagnostics
import ECGraph

extension ReportPage {
  /// Each layer with weights: its shape, MACs and parameters, before and after.
  var layers: String {
    let rows = list(report["layers"])
    guard !rows.isEmpty else { return "" }
    let largest = rows.map { $0["macsBefore"]?.double ?? 0 }.max() ?? 0
    return "<h2>Layers</h2>\n"
      + HTML.table(
        "Layers that compute, in order; shapes without the batch",
        ["Layer", "Operators", "Output", "#MACs", "#Remain", "#Parameters", "#Remain"],
        rows.map { row in
          let macs = figures(row, "macs")
          let parameters = figures(row, "parameters")
          return [
            HTML.escaped(row["layer"]?.string ?? ""), HTML.escaped(row["operators"]?.string ?? ""),
            shapes(row),
            "\(Quantity.count(macs.before)) → \(Quantity.count(macs.after))"
              + ReportPage.bar(largest > 0 ? macs.after / largest : 0),
            share(macs),
            "\(Quantity.count(parameters.before)) → \(Quantity.count(parameters.after))",
            share(parameters),
          ]
        })
  }

  private func figures(_ row: FormatObject, _ key: String) -> (before: Double, after: Double) {
    (row[key + "Before"]?.double ?? 0, row[key + "After"]?.double ?? 0)
  }

  private func share(_ figures: (before: Double, after: Double)) -> String {
    figures.before > 0 ? Quantity.percent(figures.after / figures.before) : ""
  }

  private func shapes(_ row: FormatObject) -> String {
    let shapes = ["shapeBefore", "shapeAfter"].map { key in
      (row[key]?.list ?? []).dropFirst().map { $0.int.map { "\($0)" } ?? "?" }.joined(
        separator: "×")
    }
    return shapes[0] == shapes[1] ? shapes[0] : "\(shapes[0]) → \(shapes[1])"
  }
}
