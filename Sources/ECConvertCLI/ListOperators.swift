import ArgumentParser
import ECConvert

/// What can be read, pruned and written.
struct ListOperators: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "operators",
    abstract: "List the Keras layers and ONNX operators that can be carried.",
    usage: "ecconvert operators [--markdown]",
    discussion: """
      With --markdown also whether channels can be pruned through each, whether it is run for \
      calibration and verification, and whether it can be written to ONNX and to Keras.
      """)

  @Flag(help: "Print tables of what becomes of each, as Markdown.")
  var markdown = false

  func run() throws {
    Console.data(markdown ? OperatorList.markdown : OperatorList.text)
  }
}
