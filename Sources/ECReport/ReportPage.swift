import ECDiagnostics
public import ECGraph

/// A conversion's report (`schemas/report.schema.json`) as one page for people, with everything in
/// it: no file and no network is needed to read it.
public struct ReportPage: Sendable {
  let report: FormatObject

  /// Prepares the page of a report.
  public init(_ report: FormatObject) {
    self.report = report
  }

  /// The page.
  public var html: String {
    let sections = [
      header, cards, reachable, warnings, layers, sensitivities, scores, training, barriers,
      verification, repeating,
    ]
    return HTML.page(
      title: "\(fileName("input")) to \(fileName("output")): ecconvert",
      body: sections.filter { !$0.isEmpty }.joined(separator: "\n"),
      script: groupsWithScores.isEmpty ? "" : Self.script)
  }

  // MARK: Reading the report

  func object(_ key: String) -> FormatObject { report[key]?.object ?? [:] }

  var pruning: FormatObject { object("pruning") }

  func list(_ value: FormatValue?) -> [FormatObject] { value?.list?.compactMap(\.object) ?? [] }

  private func fileName(_ key: String) -> String {
    let path = object(key)["path"]?.string ?? ""
    return path.split(separator: "/").last.map(String.init) ?? path
  }

  // MARK: Sections

  private var header: String {
    let output = fileName("output").isEmpty ? "(nothing written)" : fileName("output")
    let formats = ["input", "output"].map { object($0)["format"]?.string ?? "" }
    var words = "\(formats[0]) to \(formats[1])"
    if !pruning.isEmpty {
      words +=
        ", \(list(pruning["groups"]).count) channel groups pruned by "
        + "\(pruning["criterion"]?.string ?? "")"
      if let repair = pruning["repair"]?.string, repair != "none" { words += ", repair: \(repair)" }
    }
    return """
      <header>
      <h1>\(HTML.escaped(fileName("input"))) → \(HTML.escaped(output))</h1>
      <p class="quiet">\(HTML.escaped(words))</p>
      \(verdict)
      </header>
      """
  }

  private var verdict: String {
    let check = object("verification")
    guard let passed = check["passed"]?.bool else {
      return "<p class=\"warn\">Not verified.</p>"
    }
    let difference = Quantity.short(check["maxRelativeDifference"]?.double ?? 0)
    let samples = check["samples"]?.int ?? 0
    let words =
      "the \(check["reference"]?.string ?? "source") on \(samples) sample\(samples == 1 ? "" : "s"): "
      + "largest difference \(difference) of the largest output"
    return passed
      ? "<p class=\"good\">Verified against \(HTML.escaped(words)).</p>"
      : "<p class=\"bad\">Verification failed against \(HTML.escaped(words)).</p>"
  }

  private var cards: String {
    let rows: [(title: String, key: String, words: (Double) -> String)] = [
      ("Parameters", "parameters", Quantity.count), ("MACs for one sample", "macs", Quantity.count),
      ("File", "bytes", Quantity.bytes),
    ]
    let cards = rows.map { row -> String in
      let before = object("input")[row.key]?.double ?? 0
      let after = object("output")[row.key]?.double ?? 0
      let share = before > 0 ? after / before : 1
      return """
        <li>\(row.title)<strong>\(Quantity.percent(share))</strong>
        <span class="quiet">\(row.words(before)) → \(row.words(after))</span>
        \(Self.bar(share))</li>
        """
    }
    return
      "<ul class=\"cards\" aria-label=\"What remains\">\n\(cards.joined(separator: "\n"))\n</ul>"
  }

  /// A share as a bar; the number stands beside it, so that it needs no words.
  static func bar(_ share: Double) -> String {
    let width = (max(0, min(1, share)) * 1000).rounded() / 10
    return "<span class=\"bar\" aria-hidden=\"true\"><span style=\"width:\(width)%\"></span></span>"
  }

  private var warnings: String {
    let words = report["warnings"]?.list?.compactMap(\.string) ?? []
    guard !words.isEmpty else { return "" }
    return "<h2>Warnings</h2>\n<ul>"
      + words.map { "<li>\(HTML.escaped($0))</li>" }.joined() + "</ul>"
  }

  private var barriers: String {
    let rows = list(pruning["barriers"])
    guard !rows.isEmpty else { return "" }
    return "<h2>Left alone</h2>\n"
      + HTML.table(
        "Layers that stay whole, and why",
        ["Layer", "Reason", "#Channels", "#Parameters", "#MACs", "#of all MACs"],
        rows.map { row in
          [
            HTML.escaped(row["layer"]?.string ?? ""),
            "<div class=\"wrap\">\(HTML.escaped(row["reason"]?.string ?? ""))</div>",
            "\(row["channels"]?.int ?? 0)", Quantity.count(row["parameters"]?.double ?? 0),
            Quantity.count(row["macs"]?.double ?? 0),
            Quantity.percent(row["macShare"]?.double ?? 0),
          ]
        })
  }

  private var verification: String {
    let check = object("verification")
    guard !check.isEmpty else { return "" }
    return """
      <h2>Verification</h2>
      <dl>
      <dt>Reference</dt><dd>\(HTML.escaped(check["reference"]?.string ?? ""))</dd>
      <dt>Random samples</dt><dd>\(check["samples"]?.int ?? 0)</dd>
      <dt>Largest difference</dt><dd>\(Quantity.short(check["maxAbsoluteDifference"]?.double ?? 0)), \
      which is \(Quantity.short(check["maxRelativeDifference"]?.double ?? 0)) of the largest output</dd>
      </dl>
      """
  }
}
