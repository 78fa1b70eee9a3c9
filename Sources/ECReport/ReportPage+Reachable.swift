import ECDiagnostics
import ECGraph

extension ReportPage {
  /// What could have been reached, and how a target was met.
  var reachable: String {
    let ranges = pruning["reachable"]?.object ?? [:]
    let rows: [(title: String, key: String, words: (Double) -> String, result: Double?)] = [
      ("Parameters", "parameters", Quantity.count, object("output")["parameters"]?.double),
      ("MACs for one sample", "macs", Quantity.count, object("output")["macs"]?.double),
      ("Bytes of the file", "bytes", Quantity.bytes, object("output")["bytes"]?.double),
      (
        "Time of a run", "latency", { Quantity.short($0 * 1e3) + " ms" },
        pruning["search"]?.object?["found"]?.object?["seconds"]?.double
      ),
    ]
    let cells = rows.compactMap { row -> [String]? in
      guard let range = ranges[row.key]?.object else { return nil }
      return [row.title]
        + ["minimum", "now", "maximum"].map { row.words(range[$0]?.double ?? 0) }
        + [row.result.map(row.words) ?? ""]
    }
    guard !cells.isEmpty else { return "" }
    return "<h2>What can be reached</h2>\n"
      + HTML.table(
        "With these floors and exclusions; the most is what is written without pruning",
        ["Quantity", "#Least", "#Source", "#Most", "#This result"], cells) + probes
  }

  /// The measurements that a search made.
  private var probes: String {
    let search = pruning["search"]?.object ?? [:]
    let rows = list(search["probes"])
    guard !rows.isEmpty, let quantity = search["quantity"]?.string else { return "" }
    let value = { (row: FormatObject) -> String in
      guard let number = (row["accuracy"] ?? row["value"])?.double else { return "" }
      switch quantity {
      case "accuracy": return Quantity.percent(number)
      case "bytes": return Quantity.bytes(number)
      default:
        let isShare = (search["wanted"]?.double ?? 0) <= 1 && number > 0.2
        return isShare ? Quantity.percent(number) : Quantity.short(number * 1e3) + " ms"
      }
    }
    return HTML.table(
      "Measured on the way to the target", ["Probe", "#MACs", "#Parameters", "#\(quantity)"],
      rows.enumerated().map { k, row in
        [
          "\(k + 1)\(isCheck(row) ? " (again)" : "")",
          Quantity.count(row["macs"]?.double ?? 0), Quantity.count(row["parameters"]?.double ?? 0),
          value(row),
        ]
      })
  }

  private func isCheck(_ row: FormatObject) -> Bool {
    if case .bool(true)? = row["check"] { return true }
    return false
  }

  /// What pruning each group alone does: a chart and its table.
  var sensitivities: String {
    let groups = list(pruning["sensitivities"])
    let points = groups.map { list($0["points"]) }
    let ratios = Set(points.joined().compactMap { $0["ratio"]?.double }).sorted()
    guard !groups.isEmpty, let low = ratios.first, let high = ratios.last else { return "" }
    func change(_ group: [FormatObject], _ ratio: Double) -> Double? {
      group.first { $0["ratio"]?.double == ratio }?["change"]?.double
    }
    let hasAccuracy = points.joined().contains { $0["accuracy"] != nil }
    let heads =
      ["Group", "#Channels", "#Kept"] + ratios.map { "#\(Quantity.percent($0)) off" }
      + (hasAccuracy ? ratios.map { "#accuracy, \(Quantity.percent($0)) off" } : [])
    let kept = keptByLayers
    return "<h2>Sensitivity</h2>\n<p>How much the scores change when so much of one group alone is "
      + "removed, relative to the scores.</p>\n"
      + bars(
        points.map { (change($0, low), change($0, high)) },
        groups.map { $0["layers"]?.list?.first?.string ?? "" }, low, high)
      + HTML.table(
        "Change of the scores by group and share removed", heads,
        zip(groups, points).map { group, points in
          let names = group["layers"]?.list?.compactMap(\.string) ?? []
          let accuracies =
            hasAccuracy
            ? ratios.map { ratio in
              points.first { $0["ratio"]?.double == ratio }?["accuracy"]?.double
                .map(Quantity.percent) ?? ""
            } : []
          return [
            HTML.escaped(names.first ?? ""), "\(group["channels"]?.int ?? 0)",
            kept[names].map { "\($0)" } ?? "",
          ] + ratios.map { change(points, $0).map(Quantity.percent) ?? "" } + accuracies
        })
  }

  /// How many channels each group kept, by the layers that make them.
  private var keptByLayers: [[String]: Int] {
    var kept: [[String]: Int] = [:]
    for group in list(pruning["groups"]) {
      let layers = list(group["members"]).filter { $0["axis"]?.string == "output" }
        .compactMap { $0["layer"]?.string }
      kept[layers] = group["kept"]?.list?.count
    }
    return kept
  }

  /// One pair of bars for each group, in the model's order.
  private func bars(
    _ values: [(low: Double?, high: Double?)], _ names: [String], _ low: Double, _ high: Double
  ) -> String {
    let all = values.flatMap { [$0.low, $0.high].compactMap { $0 } }
    // One ruined group must not flatten all others.
    let most = min(all.max() ?? 1, 2)
    let step = 880.0 / Double(max(values.count, 1))
    func path(_ value: Double?, _ k: Int) -> String {
      guard let value else { return "" }
      let height = Self.tenths(max(1, 215 * min(value, most) / max(most, 1e-12)))
      let wide = Self.tenths(max(1, step > 4 ? step - 2 : step * 0.8))
      return "M\(Self.tenths(64 + Double(k) * step)) 225v-\(height)h\(wide)v\(height)z"
    }
    let outlined = values.enumerated().map { path($1.high, $0) }.joined()
    let filled = values.enumerated().map { path($1.low, $0) }.joined()
    let worst = zip(names, values).max { ($0.1.high ?? 0) < ($1.1.high ?? 0) }
    var words =
      "Filled: \(Quantity.percent(low)) of a group removed; outlined: \(Quantity.percent(high))."
    if let worst, let value = worst.1.high {
      words += " Most sensitive: \(worst.0), \(Quantity.percent(value))."
    }
    return """
      <figure style="margin:.75rem 0 1.5rem">
      <svg viewBox="0 0 960 260" role="img" aria-label="\(HTML.escaped(words))">
      <line class="axis" x1="64" x2="944" y1="225" y2="225"/>
      <text x="58" y="20" text-anchor="end">\(Quantity.percent(most))</text>
      <text x="58" y="225" text-anchor="end">0</text>
      <text x="64" y="245">first layer</text>
      <text x="944" y="245" text-anchor="end">last layer</text>
      <path class="gone" d="\(outlined)"/>
      <path class="kept" d="\(filled)"/>
      </svg>
      <figcaption class="quiet">\(HTML.escaped(words))</figcaption>
      </figure>

      """
  }

  private static func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}
