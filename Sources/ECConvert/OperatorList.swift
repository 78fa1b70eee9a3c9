import ECGraph
import ECOperators

/// What can be read and pruned, printed from the table that the importers use.
public enum OperatorList {
  /// The list for a terminal.
  public static var text: String {
    (["Keras layers:"] + wrapped(keras, indent: "  ") + ["", "ONNX operators:"]
      + wrapped(onnx, indent: "  ")).joined(separator: "\n")
  }

  /// The list as Markdown tables.
  public static var markdown: String {
    table("Keras layer", keras) + "\n\n" + table("ONNX operator", onnx)
  }

  /// The names of the Keras layer classes that are read, sorted.
  public static var keras: [String] { OperatorTable.standard.keras.keys.sorted() }

  /// The types of the ONNX operators that are read, sorted.
  public static var onnx: [String] { OperatorTable.standard.onnx.keys.sorted() }

  private static func table(_ title: String, _ names: [String]) -> String {
    (["| \(title) |", "|---|"] + names.map { "| `\($0)` |" }).joined(separator: "\n")
  }

  static func wrapped(_ names: [String], indent: String) -> [String] {
    var lines: [String] = []
    var line = indent
    for (index, name) in names.enumerated() {
      let word = name + (index + 1 < names.count ? "," : "")
      if line.count + word.count + 1 > 80 && line != indent {
        lines.append(line)
        line = indent
      }
      line += line == indent ? word : " " + word
    }
    if line != indent { lines.append(line) }
    return lines
  }
}
