import ArgumentParser
import ECConvert

/// The options for a new classifier; shared by `convert` and `finetune`.
struct FineTuneArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What is learnt: head (the new classifier alone), last:N (the last N convolutions and dense "
        + "layers too), all. (default: head)",
      valueName: "WHICH"))
  var trainLayers: String?

  @Option(
    help: ArgumentHelp(
      "Statistics of batch normalizations while more than the head is trained: frozen, or update "
        + "(follow those of the batches; wants large ones). (default: frozen)",
      valueName: "HOW"))
  var batchnormTraining: String?

  @Option(
    help: ArgumentHelp(
      "How weights are learnt: lbfgs (all images at once, nothing to tune, head only), sgd (small "
        + "batches with momentum), adamw. (default: lbfgs for the head, else adamw)",
      valueName: "NAME"))
  var optimizer: String?

  @Option(
    help: ArgumentHelp(
      "Most steps of lbfgs, or times through the images. (default: 200, small batches 60, "
        + "more than the head 10 to 100, as make 300 small batches)",
      valueName: "N"))
  var epochs: String?

  @Option(help: ArgumentHelp("Images of a small batch. (default: 32)", valueName: "N"))
  var batchSize: String?

  @Option(
    help: ArgumentHelp(
      "Step length of small batches at the start; it falls to 0 along a cosine. "
        + "(default: what suits the optimizer)",
      valueName: "R"))
  var learningRate: String?

  @Option(
    help: ArgumentHelp(
      "Weight decay: of the classifier on features of variance 1, or of all kernels that are "
        + "trained. (default: 0.001; sgd of more than the head 0.0001, adamw 0.01)",
      valueName: "W"))
  var weightDecay: String?

  @Option(
    help: ArgumentHelp(
      "Share of the images of every class that is held back to validate, where the data has no "
        + "such split; 0 for none. (default: 0.2)",
      valueName: "R"))
  var validationSplit: String?

  @Option(
    help: ArgumentHelp(
      "Height and width of images, where the model leaves them open. (default: 224)",
      valueName: "N"))
  var imageSize: String?

  @Flag(help: "Let every class count the same, however many images it has.")
  var classWeights = false

  @Option(
    help: ArgumentHelp(
      "Stop after N steps without a lower validation loss, and keep the best; 0 never stops. "
        + "(default: 10)",
      valueName: "N"))
  var earlyStopping: String?

  @Flag(
    help: ArgumentHelp(
      "Change images by chance: mirror, cut, recolour. lbfgs learns from four changed copies of "
        + "each, small batches from other ones in every epoch."))
  var augment = false

  @Option(
    help: ArgumentHelp(
      "Learn from the scores of this model too, which has the same classes.", valueName: "IN"))
  var teacher: String?

  @OptionGroup var exactness: PrecisionArguments

  /// The options for data.
  func options(_ data: String, _ option: String) throws(UsageError) -> FineTuneOptions {
    if data.isEmpty { throw UsageError(option, "the name is empty") }
    var options = FineTuneOptions(data: data)
    if let optimizer { options.optimizer = try OptionValues.choice(optimizer, "--optimizer") }
    if let trainLayers { options.layers = try OptionValues.layers(trainLayers, "--train-layers") }
    if options.layers != .head && options.optimizer == .lbfgs {
      throw UsageError(
        "--optimizer", "lbfgs learns the head only", remedy: "give sgd or adamw")
    }
    if let batchnormTraining {
      options.batchNorm = try OptionValues.choice(batchnormTraining, "--batchnorm-training")
      if options.layers == .head {
        throw UsageError(
          "--batchnorm-training", "the head has no batch normalization",
          remedy: "give --train-layers last:N or all too")
      }
    }
    if let batchSize {
      options.batch = try OptionValues.integer(batchSize, "--batch-size", atLeast: 1)
    }
    if let learningRate {
      options.learningRate = try OptionValues.number(learningRate, "--learning-rate", atLeast: 0)
    }
    if let epochs { options.epochs = try OptionValues.integer(epochs, "--epochs", atLeast: 1) }
    if let weightDecay {
      options.weightDecay = try OptionValues.number(weightDecay, "--weight-decay", atLeast: 0)
    }
    if let validationSplit {
      options.validationSplit = try OptionValues.ratio(validationSplit, "--validation-split")
    }
    if let imageSize {
      options.imageSize = try OptionValues.integer(imageSize, "--image-size", atLeast: 1)
    }
    options.balancesClasses = classWeights
    if let earlyStopping {
      options.patience = try OptionValues.integer(earlyStopping, "--early-stopping", atLeast: 0)
    }
    options.augments = augment
    options.precision = try exactness.value()
    options.teacher = teacher
    return options
  }
}

/// The option that asks `convert` for a new classifier.
struct FineTuneRequest: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Learn a new classifier for the classes found here: a folder of class folders, with or "
        + "without train, val and test above them. Calibrates on these images too.",
      valueName: "DIR"))
  var finetune: String?

  @OptionGroup var fineTuning: FineTuneArguments

  /// Puts the values into options.
  func apply(to options: inout ConversionOptions) throws(UsageError) {
    if let finetune {
      options.fineTune = try fineTuning.options(finetune, "--finetune")
      return
    }
    if let given = fineTuning.givenName() {
      throw UsageError(given, "needs --finetune", remedy: "give --finetune DIR")
    }
  }
}

extension FineTuneArguments {
  /// The name of an option that was given.
  fileprivate func givenName() -> String? {
    let options: [(name: String, isGiven: Bool)] = [
      ("--train-layers", trainLayers != nil),
      ("--batchnorm-training", batchnormTraining != nil), ("--optimizer", optimizer != nil),
      ("--batch-size", batchSize != nil),
      ("--learning-rate", learningRate != nil), ("--epochs", epochs != nil),
      ("--weight-decay", weightDecay != nil),
      ("--validation-split", validationSplit != nil), ("--image-size", imageSize != nil),
      ("--class-weights", classWeights), ("--early-stopping", earlyStopping != nil),
      ("--augment", augment), ("--teacher", teacher != nil),
      ("--precision", exactness.precision != nil),
    ]
    return options.first { $0.isGiven }?.name
  }
}

/// The options for runs that are stopped; a batch has its own.
struct CheckpointArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Keep what is computed in DIR until the output is written. "
        + "(default: a hidden folder beside OUT)",
      valueName: "DIR"))
  var checkpointDir: String?

  @Flag(help: "Go on where an earlier run with the same options was stopped.")
  var resume = false

  /// Puts the values into options.
  func apply(to options: inout ConversionOptions) throws(UsageError) {
    guard options.fineTune != nil else {
      if checkpointDir != nil || resume {
        throw UsageError(
          resume ? "--resume" : "--checkpoint-dir", "needs --finetune",
          remedy: "give --finetune DIR")
      }
      return
    }
    if let checkpointDir, checkpointDir.isEmpty {
      throw UsageError("--checkpoint-dir", "the name is empty")
    }
    options.fineTune?.checkpoint = checkpointDir
    options.fineTune?.resumes = resume
  }
}
