import ArgumentParser
import ECConvert
import FoundationEssentials

/// Options in a JSON object, by their long names: `{"prune": 0.5, "exclude": ["head*"]}`.
enum ConfigurationFile {
  /// The options that may stand in a file, each with its value in a parsed command.
  static let entries: [(name: String, value: @Sendable (Convert) -> JSON?)] = [
    ("dry-run", { $0.files.dryRun ? .bool(true) : nil }),
    ("force", { $0.files.force ? .bool(true) : nil }),
    ("output", { text($0.files.output) }),
    ("report", { text($0.files.report) }),
    ("plan", { text($0.files.plan) }),
    ("save-plan", { text($0.files.savePlan) }),
    ("arch", { text($0.source.arch) }),
    ("prune", { number($0.pruning.prune) }),
    ("target-macs", { number($0.pruning.targetMacs) }),
    ("target-params", { number($0.pruning.targetParams) }),
    ("criterion", { text($0.pruning.criterion) }),
    ("scope", { text($0.pruning.scope) }),
    ("exclude", { list($0.pruning.exclude) }),
    ("only", { list($0.pruning.only) }),
    ("layer-ratio", { list($0.pruning.layerRatio) }),
    ("round-to", { number($0.pruning.roundTo) }),
    ("min-channels", { number($0.pruning.minChannels) }),
    ("max-layer-ratio", { number($0.pruning.maxLayerRatio) }),
    ("keep", { text($0.pruning.keep) }),
    ("similarity", { text($0.pruning.similarity) }),
    ("tau", { number($0.pruning.tau) }),
    ("calibration", { text($0.data.calibration) }),
    ("calibration-samples", { number($0.data.calibrationSamples) }),
    ("preprocess", { text($0.data.images.preprocess) }),
    ("interpolation", { text($0.data.images.interpolation) }),
    ("crop-to-aspect-ratio", { $0.data.images.cropToAspectRatio ? .bool(true) : nil }),
    ("finetune", { text($0.learning.finetune) }),
    ("optimizer", { text($0.learning.fineTuning.optimizer) }),
    ("batch-size", { number($0.learning.fineTuning.batchSize) }),
    ("learning-rate", { number($0.learning.fineTuning.learningRate) }),
    ("epochs", { number($0.learning.fineTuning.epochs) }),
    ("weight-decay", { number($0.learning.fineTuning.weightDecay) }),
    ("validation-split", { number($0.learning.fineTuning.validationSplit) }),
    ("image-size", { number($0.learning.fineTuning.imageSize) }),
    ("augment", { $0.learning.fineTuning.augment ? .bool(true) : nil }),
    ("teacher", { text($0.learning.fineTuning.teacher) }),
    ("checkpoint-dir", { text($0.learning.fineTuning.checkpointDir) }),
    ("class-weights", { $0.learning.fineTuning.classWeights ? .bool(true) : nil }),
    ("early-stopping", { number($0.learning.fineTuning.earlyStopping) }),
    ("repair", { text($0.data.repair) }),
    ("ridge", { number($0.data.ridge) }),
    ("input-shape", { list($0.edge.inputShape) }),
    ("batch", { number($0.edge.batch) }),
    ("inputs-as-nchw", { $0.edge.inputsAsNCHW ? .bool(true) : nil }),
    ("inputs-as-nhwc", { $0.edge.inputsAsNHWC ? .bool(true) : nil }),
    ("dtype", { text($0.edge.dtype) }),
    ("opset", { number($0.edge.opset) }),
    ("external-data", { text($0.edge.externalData) }),
    ("verify", { number($0.verification.verify) }),
    ("no-verify", { $0.verification.noVerify ? .bool(true) : nil }),
    ("rtol", { number($0.verification.rtol) }),
    ("atol", { number($0.verification.atol) }),
    ("threads", { number($0.compute.threads) }),
    ("seed", { number($0.compute.seed) }),
    ("quiet", { $0.words.quiet ? .bool(true) : nil }),
    ("verbose", { $0.words.verbose ? .bool(true) : nil }),
    ("log-format", { text($0.words.logFormat) }),
    ("color", { text($0.words.color) }),
  ]

  /// What belongs to one run only and isn't kept by `--save-config`.
  private static let unsaved: Set = ["dry-run", "force", "output", "report", "save-plan"]

  /// The arguments with those of `--config FILE` before them; later ones win.
  static func expand(_ arguments: [String]) throws(UsageError) -> [String] {
    guard let path = try path(in: arguments) else { return arguments }
    let isNamed = arguments.first == Convert.configuration.commandName
    let rest = isNamed ? Array(arguments.dropFirst()) : arguments
    return [Convert.configuration.commandName ?? "convert"] + (try read(path)) + rest
  }

  /// Writes the options of a command.
  static func save(_ command: Convert, to path: String) throws(UsageError) {
    let lines = entries.compactMap { entry -> String? in
      guard !unsaved.contains(entry.name), let value = entry.value(command) else { return nil }
      return "  \(JSON.string(entry.name).text): \(value.text)"
    }
    let text = "{\n" + lines.joined(separator: ",\n") + (lines.isEmpty ? "}\n" : "\n}\n")
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
    guard let bytes = try? Data(contentsOf: URL(filePath: path)) else {
      throw UsageError("can't be read", at: file, remedy: "check the path", category: .missingInput)
    }
    guard case .object(let members)? = try? JSON(parsing: String(decoding: bytes, as: UTF8.self))
    else {
      throw UsageError(
        "not a JSON object of options", at: file, remedy: "write, for example, {\"prune\": 0.5}")
    }
    var arguments: [String] = []
    for (name, value) in members {
      guard entries.contains(where: { $0.name == name }) else {
        throw UsageError(
          "there is no such option", at: file.appending(.option("'\(name)'")),
          remedy: "use long option names; see 'ecconvert --help'")
      }
      let place = file.appending(.option("'\(name)'"))
      switch value {
      case .bool(true): arguments.append("--" + name)
      case .bool(false), .null: break
      case .array(let values):
        for value in values { arguments.append("--\(name)=\(try word(value, place))") }
      default: arguments.append("--\(name)=\(try word(value, place))")
      }
    }
    return arguments
  }

  private static func word(_ value: JSON, _ place: Place) throws(UsageError) -> String {
    switch value {
    case .string(let text): return text
    case .number(let number): return JSON.number(number)
    default: throw UsageError("the value is neither text nor a number", at: place)
    }
  }

  private static func text(_ value: String?) -> JSON? { value.map { .string($0) } }

  private static func number(_ value: String?) -> JSON? {
    value.map { text in
      if let number = Double(text), number.isFinite, JSON.number(number) == text {
        return .number(number)
      }
      return .string(text)
    }
  }

  private static func list(_ values: [String]) -> JSON? {
    values.isEmpty ? nil : .array(values.map { .string($0) })
  }
}
