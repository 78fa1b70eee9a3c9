import ArgumentParser
import ECConvert

/// The main job: import, prune, repair, verify, export.
struct Convert: ParsableCommand, ConversionArguments {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Prune a pretrained CNN classifier and write a slim ONNX or Keras model.",
    usage: "ecconvert IN -o OUT [--prune R] [options]",
    discussion: """
      Reads Keras .keras and .h5 and .onnx models, removes whole channels, mends what that broke, checks the \
      result against the source and writes an ordinary, smaller model: ONNX or \
      Keras, by the extension of OUT.

      EXAMPLES:
        ecconvert vgg16.h5 --prune 0.5 -o vgg16-slim.onnx
                        remove half of the channels of every layer that allows it
        ecconvert vgg16.h5 --target-macs 50% --calibration batch.npy -o slim.onnx
                        half of the computation remains; a batch of inputs helps
        ecconvert vgg16.h5 --target-latency 40% -o slim.onnx
                        until a run takes 40 % of the time, measured here
        ecconvert vgg16.h5 --max-accuracy-drop 1 --accuracy-data val -o slim.onnx
                        as much as costs a point of accuracy on labelled images
        ecconvert model.onnx --prune 0.3 --exclude 'head*' -o slim.onnx
                        leave some layers alone
        ecconvert model.keras --prune 0.5 -o slim.keras
                        from Keras to Keras; .h5 loads in Keras 3 and in tf-keras
        ecconvert vgg16.h5 -o vgg16.onnx
                        convert only
        ecconvert vgg16.h5 --prune 0.5 --finetune flower_photos -o flowers.onnx
                        prune, then learn a classifier for its folders

      OTHER COMMANDS (see 'ecconvert COMMAND --help'):
        finetune IN     learn a new classifier without pruning
        inspect IN      layers, shapes, parameters, MACs and what can be pruned
        plan IN         decide which channels go, and keep the decision in a file
        sensitivity IN  what pruning each group of channels alone does
        batch IN...     many models at once, resumable
        compare A B     run two models on the same inputs
        bench IN        latency and memory, beside onnxruntime where it is
        operators       what can be read, pruned and written

      EXIT CODES:
        0 done; 5 compared models differ; 64 usage; 65 the input is broken or can't
        be carried; 66 no such input; 69 target not reachable; 70 fault of ecconvert;
        73 can't write; 75 some of a batch failed; 76 verification failed, nothing
        written; 130 interrupted
      """)

  @Argument(help: ArgumentHelp("A Keras .keras or .h5, or an .onnx model.", valueName: "IN"))
  var input: String?

  @OptionGroup(title: "Files") var files: FileArguments
  @OptionGroup(title: "The source") var source: SourceArguments
  @OptionGroup(title: "Pruning") var pruning: PruningArguments
  @OptionGroup(title: "Data and repair") var data: DataArguments
  @OptionGroup(title: "Fine-tuning") var learning: FineTuneRequest
  @OptionGroup(title: "Fine-tuning, if it is stopped") var checkpoint: CheckpointArguments
  @OptionGroup(title: "The written model") var edge: EdgeArguments
  @OptionGroup(title: "Verification") var verification: VerificationArguments
  @OptionGroup(title: "Run") var compute: ComputeArguments
  @OptionGroup(title: "Messages") var words: OutputArguments

  /// The options that the arguments describe.
  func conversionOptions() throws(UsageError) -> ConversionOptions {
    guard let input, !input.isEmpty else {
      throw UsageError(
        "no input is named", remedy: "ecconvert IN -o OUT [--prune R]; see 'ecconvert --help'")
    }
    var options = ConversionOptions(input: input)
    options.architecture = source.arch
    options.given = ConfigurationFile.given(self)
    if let plan = files.plan { options.given?["plan"] = .string(plan) }
    try files.apply(to: &options)
    try pruning.apply(to: &options)
    try data.apply(to: &options)
    try learning.apply(to: &options)
    try checkpoint.apply(to: &options)
    try edge.apply(to: &options)
    try verification.apply(to: &options)
    try compute.apply(to: &options)
    return options
  }

  func run() throws {
    let console = try words.console()
    let options = try conversionOptions()
    if let path = files.saveConfig {
      try ConfigurationFile.save(self, to: path)
    }
    try Self.run(options, console)
  }

  /// Runs a conversion and says what it did.
  static func run(_ options: ConversionOptions, _ console: Console) throws {
    let progress = Progress(console)
    defer { progress.finish() }
    let report = try Conversion(options).run(
      note: { words in
        progress.finish()
        console.summary([words])
      },
      progress: { stage, fraction in progress.report(stage, fraction) })
    progress.finish()
    console.warnings(report.warnings)
    console.summary(report.summary)
  }
}

/// The options that name files; only `convert` has them.
struct FileArguments: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "Where the model goes: .onnx, .h5 or .keras; - is ONNX on standard output. "
        + "Needed unless --dry-run.", valueName: "OUT"))
  var output: String?

  @Flag(name: [.short, .long], help: "Replace an existing file.")
  var force = false

  @Flag(help: "Do everything but write the model.")
  var dryRun = false

  @Option(help: ArgumentHelp("Write what was done, as JSON.", valueName: "FILE"))
  var report: String?

  @Option(help: ArgumentHelp("Write what was done, as a page for people.", valueName: "FILE"))
  var html: String?

  @Option(
    help: ArgumentHelp("Remove exactly the channels that this plan names.", valueName: "FILE"))
  var plan: String?

  @Option(help: ArgumentHelp("Keep the decision for --plan.", valueName: "FILE"))
  var savePlan: String?

  @Option(
    help: ArgumentHelp(
      "Take options from a JSON object of long option names; the command line goes first.",
      valueName: "FILE"))
  var config: String?

  @Option(help: ArgumentHelp("Write the options as given, for --config.", valueName: "FILE"))
  var saveConfig: String?

  @Option(help: .hidden)
  var job: String?

  /// Puts the values into options.
  func apply(to options: inout ConversionOptions) throws(UsageError) {
    if output == nil && !dryRun {
      throw UsageError(
        "no output is named", remedy: "give -o OUT.onnx, -o OUT.h5 or -o OUT.keras, or --dry-run")
    }
    if let output, output.isEmpty { throw UsageError("--output", "the name is empty") }
    options.output = output
    options.force = force
    options.dryRun = dryRun
    options.report = report
    options.html = html
    options.job = job
    options.plan = plan
    options.savePlan = savePlan
  }
}
