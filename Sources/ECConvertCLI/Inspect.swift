import ArgumentParser
import ECConvert

/// What a model is made of, and what of it can be pruned.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show layers, shapes, parameters, MACs and what can be pruned.",
    usage: "ecconvert inspect IN [--json]",
    discussion: """
      Lists every layer with its output shape, parameters and multiply-accumulates (MACs), the \
      groups of channels that can only go together, and for every layer that can't be pruned the \
      reason.

      EXAMPLES:
        ecconvert inspect vgg16.h5
        ecconvert inspect vgg16.h5 --json | jq .parameters
      """)

  @Argument(help: ArgumentHelp("A Keras .keras or .h5, or an .onnx model.", valueName: "IN"))
  var input: String?

  @Flag(help: "Print JSON on standard output.")
  var json = false

  @OptionGroup(title: "The source") var source: SourceArguments
  @OptionGroup(title: "Messages") var words: OutputArguments

  func run() throws {
    let console = try words.console()
    guard let input else {
      throw UsageError("no input is named", remedy: "ecconvert inspect IN")
    }
    let inspection = try Inspection(path: input, architecture: source.arch)
    console.warnings(inspection.warnings)
    // The table is what was asked for: it can be paged and searched.
    let lines = inspection.lines(colour: console.coloursData)
    Console.data(json ? inspection.json() : lines.joined(separator: "\n"))
  }
}
