import ArgumentParser
import ECConvert

/// Measures a model on this machine.
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure latency, throughput and memory of a model on this machine.",
    usage: "ecconvert bench IN [--baseline OTHER] [options]",
    discussion: """
      Runs the model in this engine and, where Python has onnxruntime, in onnxruntime beside it; \
      with --baseline another model too. All take turns, so that other work on the machine slows \
      them alike; compare ratios rather than milliseconds. CPU is the processor time of all \
      threads; memory is what the model adds to its process at most.

      EXAMPLES:
        ecconvert bench slim.onnx --baseline full.onnx
        ecconvert bench resnet50.h5 --batch 8 --threads 2 --runs 20
        ecconvert bench model.onnx --json | jq '.ratios[0].cpu'
      """)

  @Argument(help: ArgumentHelp("A Keras .keras or .h5, or an .onnx model.", valueName: "IN"))
  var input: String?

  @Option(
    help: ArgumentHelp("Another model, measured in the same rounds.", valueName: "OTHER"))
  var baseline: String?

  @Option(
    help: ArgumentHelp(
      "Images in a batch, where the model leaves it open. (default: 1)", valueName: "N"))
  var batch: String?

  @Option(
    help: ArgumentHelp(
      "Measured runs of each. (default: 50, or what fits into 10 seconds)", valueName: "N"))
  var runs: String?

  @Option(
    help: ArgumentHelp(
      "The Python that has onnxruntime, or none. (default: python3)", valueName: "PATH"))
  var python: String?

  @Flag(help: "Print JSON on standard output; schemas/benchmark.schema.json describes it.")
  var json = false

  @OptionGroup(title: "The source") var source: SourceArguments
  @OptionGroup(title: "Run") var compute: ComputeArguments
  @OptionGroup(title: "Run") var exactness: PrecisionArguments
  @OptionGroup(title: "Messages") var words: OutputArguments

  func run() throws {
    let console = try words.console()
    guard let input else {
      throw UsageError("no input is named", remedy: "ecconvert bench IN")
    }
    var options = BenchmarkOptions(worker: BenchWorker.command)
    options.baseline = baseline
    options.architecture = source.arch
    if let batch { options.batch = try OptionValues.integer(batch, "--batch", atLeast: 1) }
    if let runs { options.runs = try OptionValues.integer(runs, "--runs", atLeast: 1) }
    if let python { options.python = python == "none" ? nil : python }
    options.threads = try compute.threadCount()
    options.precision = try exactness.value()
    options.seed = try compute.seedValue()
    let progress = Progress(console)
    defer { progress.finish() }
    let benchmark = try Benchmark(of: input, options) { progress.report($0, $1) }
    progress.finish()
    console.warnings(benchmark.warnings)
    Console.data(json ? benchmark.json() : benchmark.lines.joined(separator: "\n"))
  }
}

/// The process that `bench` starts for this engine.
struct BenchWorker: ParsableCommand {
  static let name = "bench-worker"
  /// What starts it.
  static let command = ["/proc/self/exe", name]
  static let configuration = CommandConfiguration(commandName: name, shouldDisplay: false)

  @Argument(parsing: .allUnrecognized) var words: [String] = []

  func run() throws {
    guard let worker = BenchmarkWorker(arguments: words) else {
      throw UsageError("'\(Self.name)' is for 'ecconvert bench' only")
    }
    worker.serve()
  }
}
