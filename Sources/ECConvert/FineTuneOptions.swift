/// What decides how a network is fine-tuned.
public struct FineTuneOptions: Sendable {
  /// How weights are learnt.
  public enum Optimizer: String, Sendable, CaseIterable {
    case lbfgs, sgd, adamw
  }

  /// The images with their classes: a folder, a table or arrays.
  public var data: String
  /// How weights are learnt.
  public var optimizer = Optimizer.lbfgs
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
