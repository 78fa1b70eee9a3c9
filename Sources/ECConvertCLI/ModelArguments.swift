import ArgumentParser
import ECConvert

/// The options for what is read; shared by all commands that read a model.
struct SourceArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The architecture of a file that holds weights only: a name of keras.applications, with "
        + "options as in mobilenetv2:alpha=0.5,top=no, or a JSON file with what "
        + "model.to_json() gives. 'ecconvert architectures' lists names and options.",
      valueName: "NAME"))
  var arch: String?
}

/// The options for how images are brought to what a model takes; shared by all commands that read
/// images.
struct ImageArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What is done to images before the model sees them, as keras.applications calls it: "
        + "\(OptionValues.names(Preprocessing.self)), auto. (default: auto)",
      valueName: "NAME"))
  var preprocess: String?

  @Option(
    help: ArgumentHelp(
      "How images are resized: \(OptionValues.names(Interpolation.self)). (default: bilinear)",
      valueName: "NAME"))
  var interpolation: String?

  @Flag(help: "Cut images to the model's aspect ratio instead of distorting them.")
  var cropToAspectRatio = false

  /// Puts the values into options.
  func apply(to options: inout ConversionOptions) throws(UsageError) {
    if let preprocess, preprocess != "auto" {
      options.preprocessing = try OptionValues.choice(preprocess, "--preprocess")
    }
    if let interpolation {
      options.interpolation = try OptionValues.choice(interpolation, "--interpolation")
    }
    options.cropsToAspectRatio = cropToAspectRatio
  }
}

/// The options for data and for mending what pruning broke; shared by `convert` and `plan`.
struct DataArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What activations are measured on: a folder of JPEG or PNG images, a .npy or .npz file "
        + "with a batch of inputs as the model takes them, synthetic (images are drawn), or none "
        + "(weights only). No labels are needed; 32 to 256 images are enough. "
        + "(default: synthetic)",
      valueName: "PATH"))
  var calibration: String?

  @Option(
    help: ArgumentHelp("Images taken from a folder at most. (default: 64)", valueName: "N"))
  var calibrationSamples: String?

  @OptionGroup var images: ImageArguments

  @Option(
    help: ArgumentHelp(
      "How pruning is mended: \(OptionValues.names(ConversionOptions.Repair.self)). "
        + "(default: sequential on images that are given, merge on drawn ones, with --calibration "
        + "none bias)",
      valueName: "NAME"))
  var repair: String?

  @Option(
    help: ArgumentHelp(
      "Ridge of merge and sequential, relative to the mean variance. (default: 0.03)",
      valueName: "L"))
  var ridge: String?

  @Option(
    help: ArgumentHelp(
      "Statistics of batch normalizations: keep, paired (moved by what pruning changes on the "
        + "calibration images), recalibrate (taken anew on them). (default: keep)",
      valueName: "NAME"))
  var batchnorm: String?

  /// Puts the values into options.
  func apply(to options: inout ConversionOptions) throws(UsageError) {
    switch calibration {
    case nil: break
    case "none"?: options.calibration = ConversionOptions.Calibration.none
    case "synthetic"?: options.calibration = .synthetic
    case let path?: options.calibration = .path(path)
    }
    if let calibrationSamples {
      options.calibrationCount = try OptionValues.integer(
        calibrationSamples, "--calibration-samples", atLeast: 1)
    }
    try images.apply(to: &options)
    if let repair { options.repair = try OptionValues.choice(repair, "--repair") }
    if let ridge { options.ridge = try OptionValues.number(ridge, "--ridge", atLeast: 0) }
    if let batchnorm { options.batchNorm = try OptionValues.choice(batchnorm, "--batchnorm") }
  }
}

/// The options for the model's edge and its file; only `convert` has them.
struct EdgeArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Fix the shape of an input, for example input_1:1,224,224,3; a single input needs no name. "
        + "Repeatable. (default: as in the source)",
      valueName: "[NAME:]SHAPE"))
  var inputShape: [String] = []

  @Option(
    help: ArgumentHelp(
      "Fix the batch to N, or make it dynamic. (default: as in the source)", valueName: "N"))
  var batch: String?

  @Flag(
    name: .customLong("inputs-as-nchw"),
    help: "Take images as [batch, channels, height, width].")
  var inputsAsNCHW = false

  @Flag(
    name: .customLong("inputs-as-nhwc"),
    help: "Take images as [batch, height, width, channels].")
  var inputsAsNHWC = false

  @Option(
    help: ArgumentHelp(
      "ONNX operator set to write, 13 to 24. (default: that of an ONNX source, else 17)",
      valueName: "N"))
  var opset: String?

  @Option(
    help: ArgumentHelp(
      "fp16 stores and computes in half precision where the numbers allow it, and names the layers "
        + "that stay in float32; fp32 computes in single precision what the source has in half; "
        + "inputs and outputs keep their types. (default: as in the source)",
      valueName: "TYPE"))
  var dtype: String?

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
    if let batch {
      options.batch =
        batch == "dynamic"
        ? .dynamic : .fixed(try OptionValues.integer(batch, "--batch", atLeast: 1))
    }
    if inputsAsNCHW && inputsAsNHWC {
      throw UsageError("--inputs-as-nchw", "excludes --inputs-as-nhwc", remedy: "give one of them")
    }
    if inputsAsNCHW { options.inputLayout = .nchw }
    if inputsAsNHWC { options.inputLayout = .nhwc }
    if let opset {
      let version = try OptionValues.integer(opset, "--opset", atLeast: 13)
      if version > 24 {
        throw UsageError("--opset", "\(version) is too large, the most is 24")
      }
      options.opset = version
    }
    if let dtype { options.precision = try OptionValues.choice(dtype, "--dtype") }
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
      "Difference allowed, relative to an output's largest magnitude. (default: 0.0001, and 0.02 "
        + "where source or result compute in half precision)",
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
