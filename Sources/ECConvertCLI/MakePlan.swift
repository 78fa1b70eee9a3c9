import ArgumentParser
import ECConvert

/// Decides which channels go, without removing them.
struct MakePlan: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Decide which channels go, and keep the decision in a file.",
    usage: "ecconvert plan IN --prune R -o PLAN.json [options]",
    discussion: """
      The plan is JSON with the scores and the kept channels of every group. It may be edited, and \
      is carried out by 'ecconvert IN --plan PLAN.json -o OUT'.

      EXAMPLES:
        ecconvert plan vgg16.h5 --prune 0.5 -o plan.json
        ecconvert vgg16.h5 --plan plan.json -o slim.onnx
      """)

  @Argument(help: ArgumentHelp("A Keras .keras or .h5, or an .onnx model.", valueName: "IN"))
  var input: String?

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("Where the plan goes; - is standard output.", valueName: "PLAN"))
  var output: String?

  @OptionGroup(title: "The source") var source: SourceArguments
  @OptionGroup(title: "Pruning") var pruning: PruningArguments
  @OptionGroup(title: "Data and repair") var data: DataArguments
  @OptionGroup(title: "Run") var compute: ComputeArguments
  @OptionGroup(title: "Messages") var words: OutputArguments

  func run() throws {
    let console = try words.console()
    guard let input else {
      throw UsageError("no input is named", remedy: "ecconvert plan IN --prune R -o PLAN.json")
    }
    guard let output, !output.isEmpty else {
      throw UsageError("no output is named", remedy: "give -o PLAN.json")
    }
    var options = ConversionOptions(input: input)
    options.architecture = source.arch
    try pruning.apply(to: &options)
    try data.apply(to: &options)
    try compute.apply(to: &options)
    guard options.prunes else {
      throw UsageError(
        "there is nothing to plan",
        remedy: "give --prune, a target such as --target-macs, --max-accuracy-drop or --layer-ratio"
      )
    }
    options.dryRun = true
    options.verifySamples = 0
    options.savePlan = output
    try Convert.run(options, console)
  }
}
