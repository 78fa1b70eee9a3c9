import ECDiagnostics
import ECGraph

extension ReportPage {
  /// Everything that is needed to do the same again: the command, digests, versions, times.
  var repeating: String {
    let tool = object("tool")
    let input = object("input")
    let output = object("output")
    let stages = list(report["stages"]).map { stage in
      "\(stage["name"]?.string ?? "") \(Quantity.short(stage["seconds"]?.double ?? 0)) s"
    }
    var facts = [("Version", "ecconvert \(tool["version"]?.string ?? "")")]
    for (title, model) in [("Input", input), ("Output", output)] {
      var words = model["path"]?.string ?? ""
      if let producer = model["producer"]?.string { words += ", made by \(producer)" }
      if let hash = model["contentHash"]?.string { words += ", \(hash)" }
      if !words.isEmpty { facts.append((title, words)) }
    }
    facts.append(("Stages", stages.joined(separator: ", ")))
    facts.append(("Peak memory", Quantity.bytes(report["peakResidentBytes"]?.double ?? 0)))
    let items = facts.map { "<dt>\($0.0)</dt><dd>\(HTML.escaped($0.1))</dd>" }.joined(
      separator: "\n")
    return """
      <h2>To repeat it</h2>
      <pre tabindex="0" aria-label="Command">\(HTML.escaped(command))</pre>
      <dl>
      \(items)
      </dl>
      """
  }

  /// The command line that this run had.
  private var command: String {
    var words = ["ecconvert", quoted(object("input")["path"]?.string ?? "")]
    for (name, value) in object("options") {
      switch value {
      case .bool(true): words.append("--" + name)
      case .bool(false), .null: break
      case .list(let values): words += values.map { "--\(name) \(quoted(text($0)))" }
      default: words.append("--\(name) \(quoted(text(value)))")
      }
    }
    if let path = object("output")["path"]?.string, !path.isEmpty {
      words.append("-o \(quoted(path))")
    }
    return words.joined(separator: " ")
  }

  private func text(_ value: FormatValue) -> String { value.string ?? value.json() }

  /// A word as a shell takes it.
  private func quoted(_ word: String) -> String {
    let plain = word.allSatisfy {
      $0.isASCII && ($0.isLetter || $0.isNumber || "-_./,:=%+@".contains($0))
    }
    return plain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
  }
}
