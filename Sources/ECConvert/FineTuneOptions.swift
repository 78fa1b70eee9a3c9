public import ECExecution

/// What decides how a network is fine-tuned.
public struct FineTuneOptions: Sendable {
  /// How weights are learnt.
  public enum Optimizer: String, Sendable, CaseIterable {
    case lbfgs, sgd, adamw
  }

  /// What is learnt.
  public enum Layers: Sendable, Equatable {
    /// The new classifier alone, on features.
    case head
    /// The classifier, then the last so many convolutions and dense layers.
    case last(Int)
    /// The classifier, then everything.
    case all
  }

  /// What batch normalizations do with the statistics of the batches.
  public enum BatchNorm: String, Sendable, CaseIterable {
    /// They use, and keep, the stored ones.
    case frozen
    /// All of the network use those of the batch, which the stored ones follow.
    case update
  }

  /// The images with their classes: a folder, a table or arrays.
  public var data: String
  /// What is learnt.
  public var layers = Layers.head
  /// How weights are learnt; by default L-BFGS for the classifier alone, else AdamW.
  public var optimizer: Optimizer?
  /// How the statistics of batch normalizations are treated; means nothing to the head alone.
  public var batchNorm = BatchNorm.frozen
  /// The images of a small batch.
  public var batch: Int?
  /// The step length of small batches at the start.
  public var learningRate: Double?
  /// The most steps through the data; by default what suits the optimizer.
  public var epochs: Int?
  /// The weight decay of the classifier, on features of variance 1.
  public var weightDecay: Double?
  /// The share of the training images of every class that is held back where the data has no
  /// validation split.
  public var validationSplit = 0.2
  /// The extent of images where the model leaves it open.
  public var imageSize: Int?
  /// Whether every class counts the same, however many images it has.
  public var balancesClasses = false
  /// The epochs without a better validation loss after which training ends; 0 never ends it.
  public var patience = 10

  /// Whether images are changed by chance, in every epoch otherwise.
  public var augments = false
  /// How exactly the network multiplies that features come from.
  public var precision = Precision.single
  /// A model of the same classes from whose scores is learnt too.
  public var teacher: String?
  /// Where what was computed is kept until the end; by default a hidden folder beside the output.
  public var checkpoint: String?
  /// Whether a run that was stopped goes on.
  public var resumes = false

  /// Options for data, all others at their defaults.
  public init(data: String) {
    self.data = data
  }
}
