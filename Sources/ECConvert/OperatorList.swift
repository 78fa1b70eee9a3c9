import ECGraph
import ECOperators

/// What can be read and pruned, printed from the table that the importers use.
public enum OperatorList {
  /// The list for a terminal.
  public static var text: String {
    (["Keras layers:"] + wrapped(keras, indent: "  ") + ["", "ONNX operators:"]
      + wrapped(onnx, indent: "  ")).joined(separator: "\n")
  }

  /// The list as Markdown tables that say what becomes of each, found by applying every rule once.
  public static var markdown: String {
    """
    # What is read and what becomes of it

    Printed by `ecconvert operators --markdown`: every rule is applied once, to a sample, behind
    layers whose channels can be pruned. **Pruned through**: channels can be removed on both sides;
    "barrier": those that it meets stay. **Run**: by the executor, for calibration, repair and
    verification. **ONNX**, **Keras**: it can be written there; "as operators" by layers of other
    classes. "-" no, "?" it needs more arguments than the samples have. A few variants of an
    operator may differ from its sample; `ecconvert inspect` says what holds for a model.

    ## Keras layers and operations

    \(kerasTable)

    ## ONNX operators

    Others are carried as they are, as barriers that the executor doesn't run. So are some variants:
    `QuantizeLinear` and `DequantizeLinear` in blocks or with computed scales; `GatherND` with
    `batch_dims`, computed positions, or over open extents; `Reshape` to a shape computed from the
    elements of a value, or that mixes the batch with other axes; `Slice` with computed bounds;
    `Resize` across channels; `MaxPool` with its indices; `BatchNormalization` in training mode;
    `Einsum` that broadcasts.

    \(onnxTable)
    """
  }

  private static var kerasTable: String {
    table(
      ["Keras layer", "pruned through", "run", "Keras"],
      keras.map { name in
        let trial = OperatorSample.keras(name).lazy
          .compactMap { OperatorTrial(keras: name, $0) }.first
        let isWritten = OperatorTable.standard.kerasWrites[name] != nil
        return [
          "`\(name)`", trial.map { $0.isPrunedThrough ? "yes" : "barrier" } ?? "?",
          word(trial?.runs),
          isWritten ? "yes" : trial.map { $0.isKeras ? "as operators" : "-" } ?? "?",
        ]
      })
  }

  private static var onnxTable: String {
    table(
      ["ONNX operator", "pruned through", "run", "ONNX", "Keras"],
      onnx.map { name in
        let trial = OperatorTrial(onnx: name, OperatorSample.onnx(name))
        return [
          "`\(name)`", trial.map { $0.isPrunedThrough ? "yes" : "barrier" } ?? "?",
          word(trial?.runs), word(trial?.isONNX), word(trial?.isKeras),
        ]
      })
  }

  private static func word(_ answer: Bool?) -> String { answer.map { $0 ? "yes" : "-" } ?? "?" }

  /// The names of the Keras layer classes that are read, sorted.
  public static var keras: [String] { OperatorTable.standard.keras.keys.sorted() }

  /// The types of the ONNX operators that are read, sorted.
  public static var onnx: [String] { OperatorTable.standard.onnx.keys.sorted() }

  private static func table(_ titles: [String], _ rows: [[String]]) -> String {
    ([titles, titles.map { _ in "---" }] + rows).map { "| " + $0.joined(separator: " | ") + " |" }
      .joined(separator: "\n")
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
