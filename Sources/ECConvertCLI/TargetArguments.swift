import ArgumentParser
import ECConvert

/// The options that say what has to be met, instead of how much goes; shared by `convert` and `plan`.
struct TargetArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Prune until this much of the multiply-accumulates remains: 50%, or a count such as 1.5G.",
      valueName: "P"))
  var targetMacs: String?

  @Option(
    help: ArgumentHelp(
      "Prune until this much of the parameters remains: 50%, or a count such as 10M.",
      valueName: "P"))
  var targetParams: String?

  @Option(
    help: ArgumentHelp(
      "Prune until the written file has at most these bytes: 10M, or 40% of the source's file.",
      valueName: "BYTES"))
  var targetSize: String?

  @Option(
    help: ArgumentHelp(
      "Prune until one run on one image takes at most so many milliseconds on this machine: 5, or "
        + "40% of the source's time; measured as 'ecconvert bench' does, in onnxruntime where Python "
        + "has it.",
      valueName: "MS"))
  var targetLatency: String?

  @Option(
    help: ArgumentHelp(
      "Prune as much as loses at most so many percentage points of accuracy on labelled images "
        + "(--accuracy-data); with --prune or a target, refuse more.",
      valueName: "P"))
  var maxAccuracyDrop: String?

  @Flag(help: "Where a target can't be met, write what comes nearest to it.")
  var bestEffort = false

  @Option(
    help: ArgumentHelp(
      "Let groups compete by what pruning each does to the outputs, which FILE keeps; it is measured "
        + "where FILE isn't there. See 'ecconvert sensitivity --help'.",
      valueName: "FILE"))
  var sensitivity: String?

  @OptionGroup var measures: SensitivityArguments

  @Option(
    help: ArgumentHelp(
      "The Python that has onnxruntime for --target-latency, or none. (default: python3)",
      valueName: "PATH"))
  var python: String?

  /// Puts the values into options.
  /// - Throws: `UsageError` also where several decide how much goes.
  func apply(to options: inout ConversionOptions) throws(UsageError) {
    let given = [
      ("--prune", options.pruningRatio > 0), ("--target-macs", targetMacs != nil),
      ("--target-params", targetParams != nil), ("--target-size", targetSize != nil),
      ("--target-latency", targetLatency != nil),
    ].filter(\.1).map(\.0)
    if given.count > 1 {
      throw UsageError(
        given[1], "excludes \(given[0])", remedy: "give one: each decides how much is pruned")
    }
    if let targetMacs { options.targetMACs = try OptionValues.amount(targetMacs, "--target-macs") }
    if let targetParams {
      options.targetParameters = try OptionValues.amount(targetParams, "--target-params")
    }
    if let targetSize { options.targetSize = try OptionValues.amount(targetSize, "--target-size") }
    if let targetLatency {
      options.targetLatency = try OptionValues.latency(targetLatency, "--target-latency")
    }
    if let maxAccuracyDrop {
      options.maximumAccuracyDrop = try OptionValues.points(maxAccuracyDrop, "--max-accuracy-drop")
    }
    options.bestEffort = bestEffort
    options.sensitivity = sensitivity
    try measures.apply(to: &options)
    options.python = python == "none" ? nil : python ?? "python3"
    options.benchmarkWorker = BenchWorker.command
  }
}
