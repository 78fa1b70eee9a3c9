import ECDiagnostics
import ECGraph
import ECReport
import Glibc

extension BatchSummary {
  /// The summary as a page of its own: what became of each model, with links to its report.
  var html: String {
    let counts = ["done", "unchanged", "failed", "left"].compactMap { word -> String? in
      let count = count(word)
      return count > 0 ? "\(count) \(word == "left" ? "not run" : word)" : nil
    }
    let table = HTML.table(
      "What became of each model; shares are what remains",
      [
        "Model", "Result", "Status", "#Parameters", "#MACs", "#Bytes", "#Largest difference",
        "#Seconds",
      ], entries.map { row($0.job, $0.outcome) })
    return HTML.page(
      title: "ecconvert batch: \(entries.count) models",
      body: """
        <h1>\(entries.count) models</h1>
        <p class="quiet">\(counts.joined(separator: ", "))</p>
        \(table)
        """)
  }

  private func row(_ job: BatchJob, _ outcome: JobOutcome) -> [String] {
    let report = outcome.report
    func share(_ key: String) -> String {
      guard let before = report?["input"]?.object?[key]?.double, before > 0,
        let after = report?["output"]?.object?[key]?.double
      else { return "" }
      return Quantity.percent(after / before)
    }
    let difference = report?["verification"]?.object?["maxRelativeDifference"]?.double
    return [
      HTML.escaped(job.input), link(job, hasReport: report != nil), status(outcome),
      share("parameters"), share("macs"), share("bytes"),
      difference.map { Quantity.short($0) } ?? "",
      outcome.cost.map { Quantity.short($0.seconds) } ?? "",
    ]
  }

  private func status(_ outcome: JobOutcome) -> String {
    switch outcome {
    case .done, .unchanged: return "<span class=\"good\">\(outcome.word)</span>"
    case .left: return "<span class=\"quiet\">not run</span>"
    case .failed(let failure, _):
      let remedy = failure.remedy.map { "<br>to fix: \(HTML.escaped($0))" } ?? ""
      return "<div class=\"wrap bad\">failed: \(HTML.escaped(failure.sentence))\(remedy)</div>"
    }
  }

  private func link(_ job: BatchJob, hasReport: Bool) -> String {
    let name = HTML.escaped(job.output)
    guard hasReport else { return name }
    let page = "reports/\(job.output).html"
    let target = access(folder + "/" + page, F_OK) == 0 ? page : "reports/\(job.output).json"
    return "<a href=\"\(HTML.escaped(HTML.url(target)))\">\(name)</a>"
  }
}
