import ArgumentParser
import ECConvert

/// The options that decide which channels go; shared by `convert` and `plan`.
struct PruningArguments: ParsableArguments {
  @Option(
    name: [.customLong("prune"), .customLong("pruning-ratio")], parsing: .unconditional,
    help: ArgumentHelp(
      "Share of channels removed in every prunable group, 0 to below 1. (default: 0)",
      valueName: "R"))
  var prune: String?

  @OptionGroup var target: TargetArguments

  @Option(help: CriterionHelp.argument)
  var criterion: String?

  @Option(
    help: ArgumentHelp(
      "Where channels compete: local (each group alone), global (all together), isomorphic "
        + "(groups of one shape). (default: local with --prune, isomorphic with a target)",
      valueName: "NAME"))
  var scope: String?

  @Option(
    help: ArgumentHelp(
      "Leave the layers alone whose name matches; * and ? stand for any text. Repeatable.",
      valueName: "GLOB"))
  var exclude: [String] = []

  @Option(
    help: ArgumentHelp("Prune only the layers whose name matches. Repeatable.", valueName: "GLOB"))
  var only: [String] = []

  @Option(
    help: ArgumentHelp(
      "A ratio for the layers whose name matches; the last match counts. Repeatable.",
      valueName: "GLOB=R"))
  var layerRatio: [String] = []

  @Option(
    help: ArgumentHelp(
      "Round kept channel counts up to a multiple of N, or auto. (default: auto)", valueName: "N"))
  var roundTo: String?

  @Option(
    help: ArgumentHelp("Channels that every group keeps at least. (default: 2)", valueName: "N"))
  var minChannels: String?

  @Option(
    help: ArgumentHelp(
      "Largest share of channels that any layer loses. (default: 0.95)", valueName: "R"))
  var maxLayerRatio: String?

  @Option(
    help: ArgumentHelp(
      "With paper: keep the central or the peripheral channels. (default: central)",
      valueName: "END"))
  var keep: String?

  @Option(
    help: ArgumentHelp(
      "With paper: similarity of two filters, positive (negative cosines count as none) or "
        + "absolute. (default: positive)",
      valueName: "NAME"))
  var similarity: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "With paper: cosine below which two filters aren't joined: 0 to 1, mean, or a quantile "
        + "such as q90. (default: 0)",
      valueName: "T"))
  var tau: String?

  /// Puts the values into options.
  func apply(to options: inout ConversionOptions) throws(UsageError) {
    if let prune { options.pruningRatio = try OptionValues.ratio(prune, "--prune") }
    try target.apply(to: &options)
    if let criterion { options.criterion = try OptionValues.choice(criterion, "--criterion") }
    if let scope { options.scope = try OptionValues.choice(scope, "--scope") }
    for text in exclude { options.exclude.append(try OptionValues.glob(text, "--exclude")) }
    for text in only { options.only.append(try OptionValues.glob(text, "--only")) }
    for text in layerRatio {
      options.layerRatios.append(try OptionValues.layerRatio(text, "--layer-ratio"))
    }
    if let roundTo, roundTo != "auto" {
      options.roundTo = try OptionValues.integer(roundTo, "--round-to", atLeast: 1)
    }
    if let minChannels {
      options.minimumChannels = try OptionValues.integer(minChannels, "--min-channels", atLeast: 1)
    }
    if let maxLayerRatio {
      options.maximumLayerRatio = try OptionValues.ratio(maxLayerRatio, "--max-layer-ratio")
    }
    if let keep { options.keep = try OptionValues.choice(keep, "--keep") }
    if let similarity { options.similarity = try OptionValues.choice(similarity, "--similarity") }
    if let tau { options.tau = try OptionValues.tau(tau, "--tau") }
  }
}
