import ArgumentParser
import ECConvert
import ECGraph
import FoundationEssentials

/// Options in a JSON object, by their long names: `{"prune": 0.5, "exclude": ["head*"]}`.
enum ConfigurationFile {
  /// An option's long name, and its value in a parsed command.
  typealias Entry = (name: String, value: @Sendable (DecidingArguments) -> FormatValue?)

  /// The options that may stand in a file.
  static let entries: [Entry] = [
    ("arch", { text($0.source.arch) }),
    ("prune", { number($0.pruning?.prune) }),
    ("target-macs", { number($0.pruning?.target.targetMacs) }),
    ("target-params", { number($0.pruning?.target.targetParams) }),
    ("target-size", { number($0.pruning?.target.targetSize) }),
    ("target-latency", { number($0.pruning?.target.targetLatency) }),
    ("max-accuracy-drop", { number($0.pruning?.target.maxAccuracyDrop) }),
    ("best-effort", { flag($0.pruning?.target.bestEffort ?? false) }),
    ("sensitivity", { text($0.pruning?.target.sensitivity) }),
    ("sensitivity-ratios", { text($0.pruning?.target.measures.sensitivityRatios) }),
    ("accuracy-data", { text($0.pruning?.target.measures.accuracyData) }),
    ("accuracy-samples", { number($0.pruning?.target.measures.accuracySamples) }),
    ("python", { text($0.pruning?.target.python) }),
    ("criterion", { text($0.pruning?.criterion) }),
    ("scope", { text($0.pruning?.scope) }),
    ("exclude", { list($0.pruning?.exclude) }),
    ("only", { list($0.pruning?.only) }),
    ("layer-ratio", { list($0.pruning?.layerRatio) }),
    ("round-to", { number($0.pruning?.roundTo) }),
    ("min-channels", { number($0.pruning?.minChannels) }),
    ("max-layer-ratio", { number($0.pruning?.maxLayerRatio) }),
    ("keep", { text($0.pruning?.keep) }),
    ("similarity", { text($0.pruning?.similarity) }),
    ("tau", { number($0.pruning?.tau) }),
    ("calibration", { text($0.data?.calibration) }),
    ("calibration-samples", { number($0.data?.calibrationSamples) }),
    ("preprocess", { text($0.images.preprocess) }),
    ("interpolation", { text($0.images.interpolation) }),
    ("crop-to-aspect-ratio", { flag($0.images.cropToAspectRatio) }),
    ("finetune", { text($0.finetune) }),
    ("train-layers", { text($0.fineTuning.trainLayers) }),
    ("batchnorm-training", { text($0.fineTuning.batchnormTraining) }),
    ("optimizer", { text($0.fineTuning.optimizer) }),
    ("batch-size", { number($0.fineTuning.batchSize) }),
    ("learning-rate", { number($0.fineTuning.learningRate) }),
    ("epochs", { number($0.fineTuning.epochs) }),
    ("weight-decay", { number($0.fineTuning.weightDecay) }),
    ("validation-split", { number($0.fineTuning.validationSplit) }),
    ("image-size", { number($0.fineTuning.imageSize) }),
    ("augment", { flag($0.fineTuning.augment) }),
    ("precision", { text($0.fineTuning.exactness.precision) }),
    ("teacher", { text($0.fineTuning.teacher) }),
    ("class-weights", { flag($0.fineTuning.classWeights) }),
    ("early-stopping", { number($0.fineTuning.earlyStopping) }),
    ("repair", { text($0.data?.repair) }),
    ("batchnorm", { text($0.data?.batchnorm) }),
    ("ridge", { number($0.data?.ridge) }),
    ("input-shape", { list($0.edge.inputShape) }),
    ("batch", { number($0.edge.batch) }),
    ("inputs-as-nchw", { flag($0.edge.inputsAsNCHW) }),
    ("inputs-as-nhwc", { flag($0.edge.inputsAsNHWC) }),
    ("dtype", { text($0.edge.dtype) }),
    ("opset", { number($0.edge.opset) }),
    ("external-data", { text($0.edge.externalData) }),
    ("verify", { number($0.verification.verify) }),
    ("no-verify", { flag($0.verification.noVerify) }),
    ("rtol", { number($0.verification.rtol) }),
    ("atol", { number($0.verification.atol) }),
    ("threads", { number($0.compute.threads) }),
    ("seed", { number($0.compute.seed) }),
    ("quiet", { flag($0.words.quiet) }),
    ("verbose", { flag($0.words.verbose) }),
    ("log-format", { text($0.words.logFormat) }),
    ("color", { text($0.words.color) }),
  ]

  /// The options of one run only: they may stand in a file, and aren't kept by `--save-config`.
  private static let ofOneRun = [
    "dry-run", "force", "output", "report", "html", "plan", "save-plan", "checkpoint-dir", "resume",
  ]

  /// The options of a command that were given, by their long names.
  static func given(_ command: any ConversionArguments) -> FormatObject {
    given(DecidingArguments(command))
  }

  /// The options of a command that were given, by their long names in `convert`.
  static func given(_ arguments: DecidingArguments) -> FormatObject {
    var object: FormatObject = [:]
    for entry in entries {
      if let value = entry.value(arguments) { object[entry.name] = value }
    }
    return object
  }

  /// The arguments with those of `--config FILE` before them; later ones win.
  static func expand(_ arguments: [String]) throws(UsageError) -> [String] {
    guard let path = try path(in: arguments) else { return arguments }
    let isNamed = arguments.first == Convert.configuration.commandName
    let rest = isNamed ? Array(arguments.dropFirst()) : arguments
    return [Convert.configuration.commandName ?? "convert"] + (try read(path)) + rest
  }

  /// Writes the options of a command.
  static func save(_ command: Convert, to path: String) throws(UsageError) {
    let text = FormatValue.object(given(command)).json(indent: 2) + "\n"
    do {
      try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw UsageError("can't be written", at: .file(path), category: .output)
    }
  }

  private static func path(in arguments: [String]) throws(UsageError) -> String? {
    for (index, argument) in arguments.enumerated() {
      if argument == "--" { return nil }
      if argument.hasPrefix("--config=") { return String(argument.dropFirst(9)) }
      if argument == "--config" {
        guard index + 1 < arguments.count else {
          throw UsageError("--config", "no file is named")
        }
        return arguments[index + 1]
      }
    }
    return nil
  }

  private static func read(_ path: String) throws(UsageError) -> [String] {
    let file = Place.file(path)
    guard let bytes = try? [UInt8](Data(contentsOf: URL(filePath: path))) else {
      throw UsageError("can't be read", at: file, remedy: "check the path", category: .missingInput)
    }
    guard let members = (try? FormatValue(json: bytes))?.object else {
      throw UsageError(
        "not a JSON object of options", at: file, remedy: "write, for example, {\"prune\": 0.5}")
    }
    return try arguments(members, at: file)
  }

  /// Options by their long names as arguments.
  /// - Throws: `UsageError` for names that are no options, and for values that are neither text,
  ///   numbers, truth values nor lists of them.
  static func arguments(_ members: FormatObject, at file: Place) throws(UsageError) -> [String] {
    var arguments: [String] = []
    for (name, value) in members {
      guard ofOneRun.contains(name) || entries.contains(where: { $0.name == name }) else {
        throw UsageError(
          "there is no such option", at: file.appending(.option("'\(name)'")),
          remedy: "use long option names; see 'ecconvert --help'")
      }
      let place = file.appending(.option("'\(name)'"))
      switch value {
      case .bool(true): arguments.append("--" + name)
      case .bool(false), .null: break
      case .list(let values):
        for value in values { arguments.append("--\(name)=\(try word(value, place))") }
      default: arguments.append("--\(name)=\(try word(value, place))")
      }
    }
    return arguments
  }

  private static func word(_ value: FormatValue, _ place: Place) throws(UsageError) -> String {
    switch value {
    case .string(let text): return text
    case .int(let number): return "\(number)"
    case .float(let number): return "\(number)"
    default: throw UsageError("the value is neither text nor a number", at: place)
    }
  }

  private static func text(_ value: String?) -> FormatValue? { value.map { .string($0) } }

  private static func flag(_ value: Bool) -> FormatValue? { value ? .bool(true) : nil }

  private static func number(_ value: String?) -> FormatValue? {
    value.map { text in
      if let number = Int(text), "\(number)" == text { return .int(number) }
      if let number = Double(text), number.isFinite, "\(number)" == text { return .float(number) }
      return .string(text)
    }
  }

  private static func list(_ values: [String]?) -> FormatValue? {
    guard let values, !values.isEmpty else { return nil }
    return .list(values.map { .string($0) })
  }
}

/// The groups of options that decide what a conversion does.
protocol ConversionArguments {
  var source: SourceArguments { get }
  var pruning: PruningArguments { get }
  var data: DataArguments { get }
  var learning: FineTuneRequest { get }
  var edge: EdgeArguments { get }
  var verification: VerificationArguments { get }
  var compute: ComputeArguments { get }
  var words: OutputArguments { get }
}

/// The groups of options that decide what a run does, in whichever command they were given.
struct DecidingArguments {
  let source: SourceArguments
  /// `nil` in commands that don't prune.
  let pruning: PruningArguments?
  /// `nil` in commands that don't calibrate.
  let data: DataArguments?
  let images: ImageArguments
  /// The images with their classes.
  let finetune: String?
  let fineTuning: FineTuneArguments
  let edge: EdgeArguments
  let verification: VerificationArguments
  let compute: ComputeArguments
  let words: OutputArguments

  init(_ command: any ConversionArguments) {
    (source, pruning, data) = (command.source, command.pruning, command.data)
    (images, finetune) = (command.data.images, command.learning.finetune)
    (fineTuning, edge) = (command.learning.fineTuning, command.edge)
    (verification, compute, words) = (command.verification, command.compute, command.words)
  }

  init(_ command: FineTune) {
    (source, pruning, data) = (command.source, nil, nil)
    (images, finetune) = (command.images, command.data)
    (fineTuning, edge) = (command.learning, command.edge)
    (verification, compute, words) = (command.verification, command.compute, command.words)
  }
}
