import ECDiagnostics
import ECGraph

extension ReportPage {
  /// Loss and accuracy by epoch, drawn as curves, and their table.
  var training: String {
    let epochs = list(object("finetune")["epochs"])
    guard !epochs.isEmpty else { return "" }
    func curve(_ key: String) -> [Double] { epochs.compactMap { $0[key]?.double } }
    let accuracies = [("training", curve("accuracy")), ("validation", curve("validationAccuracy"))]
    let heads = [
      ("loss", "Loss"), ("validationLoss", "Validation loss"), ("accuracy", "Accuracy"),
      ("validationAccuracy", "Validation accuracy"),
    ].filter { !curve($0.0).isEmpty }
    let table = HTML.table(
      "What each epoch reached", ["Epoch"] + heads.map { "#" + $0.1 },
      epochs.enumerated().map { k, epoch in
        ["\(k + 1)"]
          + heads.map { key, _ in
            guard let value = epoch[key]?.double else { return "" }
            return key.lowercased().contains("accuracy")
              ? Quantity.percent(value) : Quantity.short(value)
          }
      })
    return "<h2>Fine-tuning</h2>\n<p>\(HTML.escaped(learnt))</p>\n"
      + Self.curves("Loss", [("training", curve("loss")), ("validation", curve("validationLoss"))])
      + Self.curves("Accuracy", accuracies) + table + confusion("validation") + confusion("test")
  }

  /// What was learnt, how, and which epoch was kept, in sentences.
  private var learnt: String {
    let facts = object("finetune")
    func count(_ key: String) -> Int { facts["images"]?.object?[key]?.int ?? 0 }
    var words =
      "\(facts["classes"]?.int ?? 0) classes, from \(count("train")) images; "
      + "\(count("validation")) for validation, \(count("test")) for the test."
    if let layers = facts["trainLayers"]?.string, let optimizer = facts["optimizer"]?.string {
      words += " Trained: \(layers), by \(optimizer)."
    }
    if let alone = facts["classifierAlone"]?.object {
      words +=
        " The classifier alone reached a loss of \(Quantity.short(alone["loss"]?.double ?? 0))"
      if let accuracy = alone["validationAccuracy"]?.double {
        words += " and \(Quantity.percent(accuracy)) of the validation images"
      }
      words += "."
    }
    switch facts["bestEpoch"] {
    case .int(let best)?: words += " Kept: epoch \(best + 1)."
    case .null?: words += " Kept: the classifier alone, as no epoch was better."
    default: break
    }
    return words
  }

  /// What the images of every class were taken for.
  private func confusion(_ part: String) -> String {
    let facts = object("finetune")
    guard let figures = facts[part]?.object, let accuracy = figures["accuracy"]?.double,
      let names = facts["classNames"]?.list?.compactMap(\.string), names.count <= 20
    else { return "" }
    let rows = figures["confusion"]?.list?.compactMap(\.list) ?? []
    return HTML.table(
      "What \(part) images were taken for; \(Quantity.percent(accuracy)) are told right",
      ["Class"] + names.map { "#" + $0 },
      zip(names, rows).map { name, counts in
        [HTML.escaped(name)] + counts.map { "\($0.int ?? 0)" }
      })
  }

  /// Up to two curves over the epochs; the second is dashed.
  static func curves(_ title: String, _ curves: [(name: String, values: [Double])]) -> String {
    let curves = curves.filter { $0.values.count > 1 && $0.values.allSatisfy(\.isFinite) }
    guard let count = curves.map(\.values.count).max() else { return "" }
    let all = curves.flatMap(\.values)
    let low = min(0, all.min() ?? 0)
    let high = max(all.max() ?? 1, low + 1e-9)
    let paths = curves.enumerated().map { k, curve -> String in
      let points = curve.values.enumerated().map { place, value in
        let x = 56 + 880 * Double(place) / Double(count - 1)
        let y = 10 + 150 * (1 - (value - low) / (high - low))
        return "\((x * 10).rounded() / 10),\((y * 10).rounded() / 10)"
      }
      return
        "<polyline class=\"\(k == 0 ? "a" : "b")\" points=\"\(points.joined(separator: " "))\"/>"
    }
    let ends = curves.map {
      "\($0.name) \(Quantity.short($0.values[0])) to \(Quantity.short($0.values.last ?? 0))"
    }
    let words = "\(title) over \(count) epochs: \(ends.joined(separator: ", "))"
    let dashed = curves.count > 1 ? " (dashed: \(curves[1].name))" : ""
    return """
      <figure style="margin:.75rem 0">
      <svg viewBox="0 0 960 190" role="img" aria-label="\(HTML.escaped(words))">
      <line class="axis" x1="56" x2="936" y1="160" y2="160"/>
      <text x="50" y="20" text-anchor="end">\(Quantity.short(high))</text>
      <text x="50" y="160" text-anchor="end">\(Quantity.short(low))</text>
      <text x="56" y="182">epoch 1</text>
      <text x="936" y="182" text-anchor="end">epoch \(count)</text>
      \(paths.joined())
      </svg>
      <figcaption class="quiet">\(HTML.escaped(words + dashed))</figcaption>
      </figure>

      """
  }
}
