import ArgumentParser
import ECConvert

/// Runs two models on the same inputs.
struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run two models on the same random inputs and compare every output.",
    usage: "ecconvert compare A B [--samples N] [options]",
    discussion: """
      Ends with exit code 5 if an output differs by more than the tolerance.

      EXAMPLES:
        ecconvert compare vgg16.h5 vgg16.onnx
        ecconvert compare full.onnx other.onnx --samples 8 --rtol 0.001 --json
      """)

  /// The exit code for models that differ.
  static let different: Int32 = 5

  @Argument(help: ArgumentHelp("The model that says what is right.", valueName: "A"))
  var reference: String?

  @Argument(help: ArgumentHelp("The model that is checked.", valueName: "B"))
  var candidate: String?

  @Option(help: ArgumentHelp("Random samples. (default: 1)", valueName: "N"))
  var samples: String?

  @Option(
    help: ArgumentHelp(
      "Difference allowed, relative to an output's largest magnitude. (default: 0.0001; 0.02 "
        + "where one of the models computes in half precision; 0.1 with --precision bf16)",
      valueName: "R"))
  var rtol: String?

  @Option(
    help: ArgumentHelp("Absolute difference always allowed. (default: 0.000001)", valueName: "D"))
  var atol: String?

  @Flag(help: "Print JSON on standard output.")
  var json = false

  @OptionGroup(title: "The source (of A)") var source: SourceArguments
  @OptionGroup(title: "Run") var compute: ComputeArguments
  @OptionGroup(title: "Run (of B)") var exactness: PrecisionArguments
  @OptionGroup(title: "Messages") var words: OutputArguments

  func run() throws {
    _ = try words.console()
    guard let reference, let candidate else {
      throw UsageError("two models are needed", remedy: "ecconvert compare A B")
    }
    var options = ComparisonOptions()
    if let samples {
      options.samples = try OptionValues.integer(samples, "--samples", atLeast: 1)
    }
    if let rtol {
      options.relativeTolerance = try OptionValues.number(rtol, "--rtol", atLeast: 0)
    }
    if let atol {
      options.absoluteTolerance = try OptionValues.number(atol, "--atol", atLeast: 0)
    }
    options.architecture = source.arch
    options.threads = try compute.threadCount()
    options.precision = try exactness.value()
    options.seed = try compute.seedValue()
    let comparison = try Comparison(of: candidate, with: reference, options)
    Console.data(json ? comparison.json() : comparison.lines.joined(separator: "\n"))
    if !comparison.passed { throw ExitCode(Self.different) }
  }
}
