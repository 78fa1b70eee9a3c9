public import ECGraph
public import ECImage

/// Everything that decides what a conversion does; the same options, input and seed give the same
/// bytes.
public struct ConversionOptions: Sendable {
  /// The importance that ranks channels.
  public enum Criterion: String, Sendable, CaseIterable {
    case centrality, paper, obs, l1, l2, fpgm
    case bnScale = "bn-scale"
    case taylor, random
  }

  /// Where channels compete.
  public enum Scope: String, Sendable, CaseIterable {
    case local, global, isomorphic
  }

  /// How what pruning broke is mended.
  public enum Repair: String, Sendable, CaseIterable {
    case none, bias, merge, sequential
  }

  /// What becomes of the statistics of batch normalizations.
  public enum BatchNorm: String, Sendable, CaseIterable {
    case keep, paired, recalibrate
  }

  /// Which end of the ranking the paper's score keeps.
  public enum Keep: String, Sendable, CaseIterable {
    case central, peripheral
  }

  /// What the paper's score takes as similarity.
  public enum Similarity: String, Sendable, CaseIterable {
    case positive, absolute
  }

  /// The extent of the first axis of inputs.
  public enum Batch: Sendable, Equatable {
    case fixed(Int)
    /// Known only when the model runs.
    case dynamic
  }

  /// Where images have their channels.
  public enum InputLayout: Sendable {
    /// `[batch, channels, height, width]`.
    case nchw
    /// `[batch, height, width, channels]`.
    case nhwc
  }

  /// The type of floating-point numbers.
  public enum Precision: String, Sendable, CaseIterable {
    case fp32, fp16
  }

  /// When weights go to a file of their own.
  public enum ExternalData: String, Sendable, CaseIterable {
    case auto, always, never
  }

  /// A target on what remains.
  public enum Amount: Sendable, Equatable {
    /// A share of the source, 0 to 1.
    case share(Double)
    /// A number of multiply-accumulates or parameters.
    case absolute(Int)
  }

  /// Where calibration data comes from.
  public enum Calibration: Sendable, Equatable {
    /// No data: weights only.
    case none
    /// Images drawn from the seed.
    case synthetic
    /// A folder of images, or a `.npy` or `.npz` file with a batch of inputs.
    case path(String)
  }

  // Files
  /// The source.
  public var input: String
  /// The architecture that the weights of the source belong to, where the source doesn't say it: a
  /// JSON file.
  public var architecture: String?
  /// Where the result goes; `-` is standard output, `nil` only with `dryRun`.
  public var output: String?
  /// Whether an existing output may be replaced.
  public var force = false
  /// A plan to replay.
  public var plan: String?
  /// Where the plan is kept.
  public var savePlan: String?
  /// Where the report goes.
  public var report: String?
  /// Where the page for people goes.
  public var html: String?
  /// The options as the user gave them, by their long names; only the report tells them.
  public var given: FormatObject?
  /// The key of the job of a batch that this is; only the report tells it.
  public var job: String?
  /// Whether everything is done but writing.
  public var dryRun = false

  // Pruning
  /// The share of channels removed in every prunable group, 0 to below 1.
  public var pruningRatio = 0.0
  /// The multiply-accumulates that remain.
  public var targetMACs: Amount?
  /// The parameters that remain.
  public var targetParameters: Amount?
  /// Where channels compete; by default local with a ratio, isomorphic with a target.
  public var scope: Scope?
  /// The importance; by default centrality.
  public var criterion: Criterion?
  /// Which end of the paper's ranking stays.
  public var keep = Keep.central
  /// The paper's similarity.
  public var similarity = Similarity.positive
  /// The paper's threshold: a number, `mean`, or `qNN`.
  public var tau = "0"
  /// Layers left alone, as globs.
  public var exclude: [String] = []
  /// The only layers pruned, as globs; empty means all.
  public var only: [String] = []
  /// Ratios of single layers, as (glob, ratio); the last that matches counts.
  public var layerRatios: [(glob: String, ratio: Double)] = []
  /// Kept counts are rounded up to a multiple of this; `nil` means auto.
  public var roundTo: Int?
  /// The least channels that a group keeps.
  public var minimumChannels = 2
  /// The largest share that any layer loses.
  public var maximumLayerRatio = 0.95
  /// The data for centrality, obs and the repair; by default synthetic, wherever the model can be run.
  public var calibration: Calibration?
  /// The most images taken from a folder.
  public var calibrationCount = 64
  /// What is done to images before the model sees them; by default what suits the model.
  public var preprocessing: Preprocessing?
  /// How images are brought to the model's size.
  public var interpolation = Interpolation.bilinear
  /// Whether images are cut to the model's aspect ratio instead of distorted.
  public var cropsToAspectRatio = false
  /// How pruning is mended; by default merge where there is calibration data, else bias.
  public var repair: Repair?
  /// The ridge of the merge and the sequential repair, relative to the mean variance.
  public var ridge = 0.03
  /// What becomes of the statistics of batch normalizations.
  public var batchNorm = BatchNorm.keep

  // Fine-tuning
  /// How the classifier is made anew; `nil` leaves it as it is.
  public var fineTune: FineTuneOptions?

  // The model's edge and format
  /// Concrete shapes of inputs, by name; without a name it is that of the only input.
  public var inputShapes: [(name: String?, shape: [Int])] = []
  /// The batch; `nil` leaves it as the source has it.
  public var batch: Batch?
  /// How images come in; `nil` leaves them as the source has them.
  public var inputLayout: InputLayout?
  /// What the result stores and computes in; `nil` leaves it as the source has it.
  public var precision: Precision?
  /// The ONNX operator set; `nil` is the default of the exporter, or the source's.
  public var opset: Int?
  /// When weights go to a file of their own.
  public var externalData = ExternalData.auto

  // Verification
  /// The number of random samples that go through source and result; 0 verifies nothing.
  public var verifySamples = 1
  /// The largest difference allowed, relative to the largest magnitude of the reference; `nil` is
  /// 1e-4, and 2e-2 where source or result compute in half precision.
  public var relativeTolerance: Double?
  /// The absolute difference that is always allowed.
  public var absoluteTolerance = 1e-6

  // The run
  /// Worker threads; 0 means all cores.
  public var threads = 0
  /// The seed of everything that is random.
  public var seed: UInt64 = 0

  /// Options for an input, all others at their defaults.
  public init(input: String) {
    self.input = input
  }

  /// Whether anything is to be pruned.
  public var prunes: Bool {
    pruningRatio > 0 || targetMACs != nil || targetParameters != nil || plan != nil
      || layerRatios.contains { $0.ratio > 0 }
  }
}
