import ECGraph
import Glibc

extension BatchSummary {
  /// The summary as a page of its own: what became of each model, with links to its report.
  var html: String {
    let rows = entries.map { row($0.job, $0.outcome) }.joined(separator: "\n")
    let counts = ["done", "unchanged", "failed", "left"].compactMap { word -> String? in
      let count = count(word)
      return count > 0 ? "\(count) \(word)" : nil
    }
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <link rel="icon" href="data:,">
      <title>ecconvert batch: \(entries.count) models</title>
      <style>
      \(Self.style)
      </style>
      </head>
      <body>
      <main>
      <h1>\(entries.count) models</h1>
      <p>\(Self.escaped(counts.joined(separator: ", ")))</p>
      <div class="scroll" tabindex="0" role="region" aria-label="Models">
      <table>
      <caption>What became of each model; shares are what remains.</caption>
      <thead><tr><th scope="col">Model</th><th scope="col">Result</th><th scope="col">Status</th>
      <th scope="col">Parameters</th><th scope="col">MACs</th><th scope="col">Bytes</th>
      <th scope="col">Largest difference</th><th scope="col">Seconds</th></tr></thead>
      <tbody>
      \(rows)
      </tbody>
      </table>
      </div>
      </main>
      </body>
      </html>

      """
  }

  private func row(_ job: BatchJob, _ outcome: JobOutcome) -> String {
    let report = outcome.report
    func share(_ key: String) -> String {
      guard let before = report?["input"]?.object?[key]?.double, before > 0,
        let after = report?["output"]?.object?[key]?.double
      else { return "" }
      return Self.short(after / before * 100) + " %"
    }
    let link = link(job, hasReport: report != nil)
    let difference = report?["verification"]?.object?["maxRelativeDifference"]?.double
    let cells = [
      share("parameters"), share("macs"), share("bytes"),
      difference.map { Self.scientific($0) } ?? "",
      outcome.cost.map { Self.short($0.seconds) } ?? "",
    ]
    var status = "<td class=\"\(outcome.word)\">\(outcome.word)"
    if case .failed(let failure, _) = outcome {
      status += ": \(Self.escaped(failure.sentence))"
      if let remedy = failure.remedy { status += "<br>to fix: \(Self.escaped(remedy))" }
    }
    return "<tr><th scope=\"row\">\(Self.escaped(job.input))</th><td>\(link)</td>\(status)</td>"
      + cells.map { "<td class=\"number\">\($0)</td>" }.joined() + "</tr>"
  }

  private func link(_ job: BatchJob, hasReport: Bool) -> String {
    let name = Self.escaped(job.output)
    guard hasReport else { return name }
    let page = "reports/\(job.output).html"
    let target = access(folder + "/" + page, F_OK) == 0 ? page : "reports/\(job.output).json"
    return "<a href=\"\(Self.escaped(Self.percentEncoded(target)))\">\(name)</a>"
  }

  private static func short(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

  private static func scientific(_ value: Double) -> String {
    guard value > 0, value.isFinite else { return "\(value)" }
    let exponent = Int(log10(value).rounded(.down))
    return "\((value / pow(10, Double(exponent)) * 10).rounded() / 10)e\(exponent)"
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }

  private static func percentEncoded(_ path: String) -> String {
    let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/".utf8)
    return path.utf8.map { byte in
      if plain.contains(byte) { return String(UnicodeScalar(byte)) }
      let digits = String(byte, radix: 16, uppercase: true)
      return "%" + (digits.count < 2 ? "0" : "") + digits
    }.joined()
  }

  private static let style = """
    :root { color-scheme: light dark; --text: #1c1e21; --back: #fff; --line: #d5d8dc; --link: #0b57a4;
      --good: #17683a; --bad: #a3191f; --quiet: #565b61; }
    @media (prefers-color-scheme: dark) {
      :root { --text: #e6e8ea; --back: #15181b; --line: #3a4047; --link: #8cc4ff;
        --good: #6fd19a; --bad: #ff9a98; --quiet: #a6adb5; }
    }
    body { margin: 0; font: 1rem/1.45 system-ui, sans-serif; color: var(--text);
      background: var(--back); }
    main { max-width: 80rem; margin: 0 auto; padding: 1rem; }
    a { color: var(--link); }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
    caption { text-align: left; color: var(--quiet); padding-bottom: .5rem; }
    th, td { text-align: left; vertical-align: top; padding: .35rem .6rem;
      border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
    th[scope="row"] { font-weight: normal; }
    .number { text-align: right; white-space: nowrap; }
    .done, .unchanged { color: var(--good); }
    .failed { color: var(--bad); min-width: 16rem; }
    .left { color: var(--quiet); }
    """
}
