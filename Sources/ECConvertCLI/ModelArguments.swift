import ArgumentParser
import ECConvert

/// The options for what is read; shared by all commands that read a model.
struct SourceArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The architecture of a file that holds weights only: a JSON file with what "
        + "model.to_json() gives.",
      valueName: "FILE"))
  var arch: String?
}

/// The options for data and for mending what pruning broke; shared by `convert` and `plan`.
struct DataArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A .npy or .npz file with a batch of inputs as the model takes them, or none. No labels "
        + "are needed; 32 to 256 samples are enough. (default: none)",
      valueName: "FILE"))
  var calibration: String?

  @Option(
    help: ArgumentHelp(
      "How pruning is mended: \(OptionValues.names(ConversionOptions.Repair.self)). "
        + "(default: merge with calibration data, else bias)",
      valueName: "NAME"))
  var repair: String?

  @Option(
    help: ArgumentHelp(
      "Ridge of the merge, relative to the mean variance. (default: 0.03)", valueName: "L"))
  var ridge: String?

  /// Puts the values into options.
  func apply(to options: inout ConversionOptions) throws(UsageError) {
    if let calibration, calibration != "none" {
      let lower = calibration.lowercased()
      guard lower.hasSuffix(".npy") || lower.hasSuffix(".npz") else {
        throw UsageError(
          "--calibration", "'\(calibration)' is neither a .npy nor a .npz file",
          remedy: "give a NumPy file with a batch of inputs, or none")
      }
      options.calibration = .file(calibration)
    }
    if let repair { options.repair = try OptionValues.choice(repair, "--repair") }
    if let ridge { options.ridge = try OptionValues.number(ridge, "--ridge", atLeast: 0) }
  }
}

/// The options for the model's edge and its file; only `convert` has them.
struct EdgeArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Fix the shape of an input, for example input_1:1,224,224,3. Repeatable. "
        + "(default: as in the source)",
      valueName: "NAME:SHAPE"))
  var inputShape: [String] = []

  @Option(
    help: ArgumentHelp(
      "Fix the batch to N, or leave it dynamic. (default: dynamic)", valueName: "N"))
  var batch: String?

  @Flag(
    name: .customLong("inputs-as-nchw"),
    help: "Take images as [batch, channels, height, width].")
  var inputsAsNCHW = false

  @Option(
    help: ArgumentHelp(
      "ONNX operator set to write. (default: one that is widely supported)", valueName: "N"))
  var opset: String?

  @Option(
    help: ArgumentHelp(
      "Put the weights into OUT.data beside the output: auto (above 1.9 GB), always, never. "
        + "(default: auto)",
      valueName: "WHEN"))
  var externalData: String?

  /// Puts the values into options.
  func apply(to options: inout ConversionOptions) throws(UsageError) {
    for text in inputShape {
      options.inputShapes.append(try OptionValues.inputShape(text, "--input-shape"))
    }
    if let batch, batch != "dynamic" {
      options.batch = try OptionValues.integer(batch, "--batch", atLeast: 1)
    }
    options.inputsAsNCHW = inputsAsNCHW
    if let opset { options.opset = try OptionValues.integer(opset, "--opset", atLeast: 7) }
    if let externalData {
      options.externalData = try OptionValues.choice(externalData, "--external-data")
    }
  }
}

/// The options for checking the result against the source; only `convert` has them.
struct VerificationArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Run N random samples through source and result before the output gets its name. "
        + "(default: 1)",
      valueName: "N"))
  var verify: String?

  @Flag(help: "Don't run source and result.")
  var noVerify = false

  @Option(
    help: ArgumentHelp(
      "Difference allowed, relative to an output's largest magnitude. (default: 0.0001)",
      valueName: "R"))
  var rtol: String?

  @Option(
    help: ArgumentHelp("Absolute difference always allowed. (default: 0.000001)", valueName: "D"))
  var atol: String?

  /// Puts the values into options.
  func apply(to options: inout ConversionOptions) throws(UsageError) {
    if noVerify, verify != nil {
      throw UsageError("--no-verify", "excludes --verify", remedy: "give one of them")
    }
    if let verify {
      options.verifySamples = try OptionValues.integer(verify, "--verify", atLeast: 0)
    }
    if noVerify { options.verifySamples = 0 }
    if let rtol {
      options.relativeTolerance = try OptionValues.number(rtol, "--rtol", atLeast: 0)
    }
    if let atol {
      options.absoluteTolerance = try OptionValues.number(atol, "--atol", atLeast: 0)
    }
  }
}
