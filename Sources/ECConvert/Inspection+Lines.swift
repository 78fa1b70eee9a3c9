import ECDiagnostics
import ECGraph
import ECPruning

extension Inspection {
  private static let width = 80

  /// The findings, for people, in 80 columns: names may be shortened in their middle, numbers never.
  /// - Parameter colour: whether ANSI codes set off headings and what is left alone.
  public func lines(colour: Bool = false) -> [String] {
    func painted(_ lines: [String], _ code: String) -> [String] {
      colour ? lines.map { "\u{1B}[\(code)m\($0)\u{1B}[0m" } : lines
    }
    let (heading, table) = (self.heading, self.table)
    let share = (prunableMACShare * 1000).rounded() / 10
    let barriers = barrierLines
    let rows = painted(Array(table.prefix(1)), "1") + table.dropFirst()
    return painted(Array(heading.prefix(1)), "1") + heading.dropFirst() + [""] + rows + [
      "",
      "\(Quantity.count(source.parameterCount)) parameters, \(Quantity.count(source.macCount)) MACs"
        + " a sample",
      "\(groups.count) channel group\(groups.count == 1 ? "" : "s")"
        + " hold\(groups.count == 1 ? "s" : "") \(share) % of the MACs",
    ] + (barriers.isEmpty ? [] : [""] + painted(["left alone:"], "1;33") + barriers)
  }

  private var heading: [String] {
    let size = ", " + Quantity.bytes(source.byteCount)
    let kind = ": \(source.format)" + (source.producer.map { ", \($0)" } ?? "")
    let name = Inspection.fit(OutputFile.name(of: source.path), 40)
    return [name + Inspection.fit(kind, Inspection.width - name.count - size.count) + size]
      + inputs.map { Inspection.edge("  input  ", $0) }
      + outputs.map { Inspection.edge("  output ", $0) }
      + (classes.isEmpty
        ? []
        : ["  classes " + Inspection.fit(classes.joined(separator: ", "), Inspection.width - 10)])
  }

  private static func edge(_ title: String, _ edge: (name: String, type: String)) -> String {
    title + fit(edge.name, width - title.count - edge.type.count - 2) + "  " + edge.type
  }

  /// The layers, under a heading; the names have what the numbers leave.
  private var table: [String] {
    let cells =
      [["layer", "operators", "shape", "params", "MACs", "group"]] + rows.map(Inspection.cells)
    let right = (2..<6).map { column in cells.map { $0[column].count }.max() ?? 0 }
    let rest = Inspection.width - right.reduce(0) { $0 + $1 + 2 } - 1
    let operators = min(cells.map { $0[1].count }.max() ?? 0, max(4, rest * 2 / 5))
    let layer = min(cells.map { $0[0].count }.max() ?? 0, max(8, rest - operators))
    return cells.map { row in
      let names = [(row[0], layer), (row[1], operators)].map { text, width in
        let text = Inspection.fit(text, width)
        return text + String(repeating: " ", count: width - text.count)
      }
      let numbers = zip(row[2...], right).map { text, width in
        String(repeating: " ", count: 2 + width - text.count) + text
      }
      let line = names.joined(separator: " ") + numbers.joined()
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }

  private static func cells(_ row: FormatObject) -> [String] {
    let shape = row["shape"]?.list?.dropFirst().map { $0.int.map { "\($0)" } ?? "?" } ?? []
    let counts = ["parameters", "macs"].map { key in
      let number = row[key]?.int ?? 0
      return number == 0 ? "" : Quantity.count(number)
    }
    let names = [row["layer"]?.string ?? "", row["operators"]?.string ?? ""]
    let group = row["group"]?.int.map { "\($0)" } ?? ""
    return names + [shape.joined(separator: "x")] + counts + [group]
  }

  /// What can't be pruned: every reason once, with all that it costs and the layers it holds for.
  private var barrierLines: [String] {
    var reasons: [String] = []
    var gathered: [String: [Barrier]] = [:]
    for barrier in barriers {
      if gathered[barrier.reason] == nil { reasons.append(barrier.reason) }
      gathered[barrier.reason, default: []].append(barrier)
    }
    return reasons.flatMap { reason in
      let all = gathered[reason] ?? []
      let channels = all.reduce(0) { $0 + $1.channels }
      let parameters = all.reduce(0) { $0 + $1.parameters }
      let shown = all.prefix(3).map { Inspection.fit($0.layer, 40) }
      let more = all.count > shown.count ? ["\(all.count - shown.count) more"] : []
      let macs = all.reduce(0) { $0 + $1.macs }
      let share = all.reduce(0) { $0 + $1.macShare }
      let cost =
        "\(Quantity.count(channels)) channels, \(Quantity.count(parameters)) parameters, "
        + "\(Quantity.count(macs)) MACs (\(Quantity.percent(share)) of all)"
      return Inspection.wrapped(reason, indent: 2) + ["    " + cost]
        + Inspection.wrapped((shown + more).joined(separator: ", "), indent: 4)
    }
  }

  private static func wrapped(_ text: String, indent: Int) -> [String] {
    let space = String(repeating: " ", count: indent)
    var lines = [space]
    for word in text.split(separator: " ") {
      let line = lines[lines.count - 1]
      let word = fit(String(word), width - indent)
      if line == space {
        lines[lines.count - 1] += word
      } else if line.count + 1 + word.count <= width {
        lines[lines.count - 1] += " " + word
      } else {
        lines.append(space + word)
      }
    }
    return lines
  }

  /// A name in at most so many characters: what is too much goes from its middle.
  package static func fit(_ name: String, _ width: Int) -> String {
    let width = max(3, width)
    guard name.count > width else { return name }
    return name.prefix((width - 1) / 2) + "…" + name.suffix(width / 2)
  }
}
