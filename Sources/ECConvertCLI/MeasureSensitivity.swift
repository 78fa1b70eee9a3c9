import ArgumentParser
import ECConvert

/// Measures what pruning each group alone does.
struct MeasureSensitivity: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sensitivity",
    abstract: "Measure what pruning each group of channels alone does to the outputs.",
    usage: "ecconvert sensitivity IN -o FILE.json [options]",
    discussion: """
      Removes several shares of every group of channels, one group at a time, mends what that breaks, \
      and runs the model on the calibration images: how much the scores change and, where the images \
      have labels, what it costs in accuracy. FILE is written after each group; a run that was stopped \
      goes on with the same command. 'ecconvert IN --sensitivity FILE' prunes most where it harms least.

      EXAMPLES:
        ecconvert sensitivity resnet50.h5 --calibration photos -o resnet50.json
        ecconvert resnet50.h5 --sensitivity resnet50.json --target-macs 50% -o slim.onnx
        ecconvert resnet50.h5 --sensitivity resnet50.json --max-accuracy-drop 1 \\
            --accuracy-data val -o slim.onnx
      """)

  @Argument(help: ArgumentHelp("A Keras .keras or .h5, or an .onnx model.", valueName: "IN"))
  var input: String?

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "Where the measurements are kept; - prints them as JSON instead of the table.",
      valueName: "FILE"))
  var output: String?

  @Flag(name: [.short, .long], help: "Replace measurements that were made with other options.")
  var force = false

  @Option(help: CriterionHelp.argument)
  var criterion: String?

  @OptionGroup(title: "What is measured") var measures: SensitivityArguments
  @OptionGroup(title: "The source") var source: SourceArguments
  @OptionGroup(title: "Data and repair") var data: DataArguments
  @OptionGroup(title: "Run") var compute: ComputeArguments
  @OptionGroup(title: "Messages") var words: OutputArguments

  func run() throws {
    let console = try words.console()
    guard let input else {
      throw UsageError("no input is named", remedy: "ecconvert sensitivity IN -o FILE.json")
    }
    guard let output, !output.isEmpty else {
      throw UsageError("no output is named", remedy: "give -o FILE.json")
    }
    var options = ConversionOptions(input: input)
    options.architecture = source.arch
    if let criterion { options.criterion = try OptionValues.choice(criterion, "--criterion") }
    try measures.apply(to: &options)
    try data.apply(to: &options)
    try compute.apply(to: &options)
    options.force = force
    options.sensitivity = output == "-" ? nil : output
    let progress = Progress(console)
    defer { progress.finish() }
    let analysis = try SensitivityAnalysis(options) { progress.report($0, $1) }
    progress.finish()
    console.warnings(analysis.warnings)
    Console.data(output == "-" ? analysis.json() : analysis.lines.joined(separator: "\n"))
  }
}

/// The options that decide what sensitivities are measured on; shared with `convert` and `plan`.
struct SensitivityArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Shares of each group that are removed to measure its sensitivity, up to 10. "
        + "(default: 0.25,0.5,0.75)",
      valueName: "R,R,..."))
  var sensitivityRatios: String?

  @Option(
    help: ArgumentHelp(
      "Labelled images that accuracy is measured on: a folder of class folders, a table, or an "
        + ".npz file with x and y, whose classes in their order are the model's. "
        + "(default: the calibration images, if they have labels)",
      valueName: "PATH"))
  var accuracyData: String?

  @Option(
    help: ArgumentHelp("Labelled images used at most. (default: 1000)", valueName: "N"))
  var accuracySamples: String?

  /// Puts the values into options.
  func apply(to options: inout ConversionOptions) throws(UsageError) {
    if let sensitivityRatios {
      options.sensitivityRatios = try OptionValues.ratios(
        sensitivityRatios, "--sensitivity-ratios")
    }
    options.accuracyData = accuracyData
    if let accuracySamples {
      options.accuracyCount = try OptionValues.integer(
        accuracySamples, "--accuracy-samples", atLeast: 1)
    }
  }
}

/// What the option of the importance says; commands that prune share it.
enum CriterionHelp {
  static let argument = ArgumentHelp(
    "Importance that ranks channels: \(OptionValues.names(ConversionOptions.Criterion.self)). "
      + "(default: centrality)", valueName: "NAME")
}
