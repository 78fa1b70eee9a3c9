import ArgumentParser
import ECConvert

/// What can be read, pruned and written.
struct ListOperators: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "operators",
    abstract: "List the Keras layers and ONNX operators that can be carried.",
    usage: "ecconvert operators [--markdown]")

  @Flag(help: "Print Markdown tables.")
  var markdown = false

  func run() throws {
    Console.data(markdown ? OperatorList.markdown : OperatorList.text)
  }
}
