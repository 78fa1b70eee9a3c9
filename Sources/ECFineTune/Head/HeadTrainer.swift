import ECBLAS
import ECDiagnostics

/// Learns a linear classifier on features.
///
/// Weight decay acts on features scaled to variance 1. The same options, features and seed give the
/// same classifier.
public struct HeadTrainer: Sendable {
  /// How weights are learnt.
  public enum Optimizer: String, Sendable {
    /// All rows at once, by L-BFGS.
    case lbfgs
    /// Small batches with momentum.
    case sgd
    /// Small batches with AdamW.
    case adamw
  }

  /// How weights are learnt.
  public var optimizer = Optimizer.lbfgs
  /// The most steps of L-BFGS, or times through the rows.
  public var epochs = 200
  /// The rows of a small batch.
  public var batch = 32
  /// The step length of small batches at the start; `nil` is what suits the optimizer.
  public var learningRate: Double?
  /// The weight decay.
  public var weightDecay = 1e-3
  /// The epochs without a lower validation loss after which training ends; 0 never ends it.
  public var patience = 10
  /// Whether every class counts the same, however many images it has.
  public var balancesClasses = false
  /// The seed of the orders of rows.
  public var seed: UInt64 = 0
  /// Threads of matrix products.
  public var threads = 1

  /// Makes a trainer with its defaults.
  public init() {}

  /// What there is to learn from.
  public struct Material {
    /// The rows that are learnt.
    public var train: LabelledFeatures
    /// The rows that tell when to stop; may be none.
    public var validation: LabelledFeatures
    /// The number of classes.
    public var classCount: Int
    /// The rows of an epoch, in the order of `train`, where every epoch has its own.
    public var epochRows: ((Int) throws -> [Float])?
    /// What a teacher gives for the rows of `train`.
    public var teacher: TeacherScores?

    /// Joins rows.
    public init(train: LabelledFeatures, validation: LabelledFeatures, classCount: Int) {
      (self.train, self.validation) = (train, validation)
      self.classCount = classCount
    }
  }

  /// Scores of another network for the same rows, and how much they count.
  public struct TeacherScores: Sendable {
    /// `[n, classes]`.
    public let scores: [Float]
    /// The teacher's share of the loss, 0 to 1.
    public var share = 0.5
    /// By what scores are divided before they become probabilities.
    public var temperature = 2.0

    /// Joins scores.
    public init(scores: [Float]) {
      self.scores = scores
    }

    var own: SoftmaxObjective.Teacher {
      SoftmaxObjective.Teacher(
        scores: scores.map(Double.init), share: share, temperature: temperature)
    }
  }

  /// What training gives.
  public struct Result: Sendable {
    /// The classifier.
    public let head: LinearHead
    /// Every epoch.
    public let epochs: [EpochFigures]
    /// The epoch whose classifier was kept.
    public let best: Int
  }

  /// Where training stands after an epoch.
  struct Standing: Equatable {
    var figures: [EpochFigures] = []
    var best = Best()

    struct Best: Equatable {
      var parameters: [Double] = []
      var loss = Double.infinity
      var epoch = 0
    }
  }

  /// Learns from what there is.
  /// - Parameters:
  ///   - checkpoint: where small batches keep their state after every epoch.
  ///   - progress: is told every epoch.
  /// - Throws: `FineTuneError` if numbers run away.
  public func train(
    _ material: Material, checkpoint: TrainingCheckpoint? = nil,
    progress: (Int, EpochFigures) -> Void
  ) throws -> Result {
    guard material.train.rows.allSatisfy(\.isFinite),
      material.validation.rows.allSatisfy(\.isFinite)
    else {
      throw FineTuneError(.notANumber("the network's features aren't finite on these images"))
    }
    do {
      let earlier = Threads.count
      Threads.count = threads
      defer { Threads.count = earlier }
      return optimizer == .lbfgs
        ? try exact(material, progress) : try small(material, checkpoint, progress)
    } catch let error as BLASError {
      throw FineTuneError(.numbers(error.what))
    }
  }

  // MARK: All rows at once

  private func exact(_ material: Material, _ progress: (Int, EpochFigures) -> Void) throws -> Result
  {
    var train = material.train
    var teacher = material.teacher?.own
    if let epochRows = material.epochRows {
      // Some changed copies beside the rows as they are.
      for epoch in 1...HeadTrainer.copyCount {
        train = LabelledFeatures(
          rows: train.rows + (try epochRows(epoch)), width: train.width,
          labels: train.labels + material.train.labels)
        teacher?.scores += material.teacher?.scores.map(Double.init) ?? []
      }
    }
    let scaling = FeatureScaling(train)
    var objective = SoftmaxObjective(
      rows: scaling.apply(train), labels: train.labels,
      weights: train.labels.map(weight(of: train, material.classCount)), width: train.width,
      classCount: material.classCount, decay: weightDecay)
    objective.teacher = teacher
    let judge = Judge(self, material, scaling)
    let start = [Double](repeating: 0, count: objective.parameterCount)
    var search = try LimitedMemoryBFGS(at: start) { (point) throws(BLASError) in
      try objective.evaluate(point)
    }
    var standing = Standing()
    standing.best.parameters = start
    while standing.figures.count < epochs, !search.isConverged {
      let moved = try search.step { (point) throws(BLASError) in try objective.evaluate(point) }
      guard moved else { break }
      try judge.add(
        search.point, loss: search.loss, accuracy: try objective.accuracy(search.point), &standing)
      progress(standing.figures.count - 1, standing.figures[standing.figures.count - 1])
      if judge.isOver(standing) { break }
    }
    return result(standing, search.point, judge)
  }

  /// The changed copies of every image that are learnt all at once.
  private static let copyCount = 4

  // MARK: Small batches

  private func small(
    _ material: Material, _ checkpoint: TrainingCheckpoint?,
    _ progress: (Int, EpochFigures) -> Void
  ) throws -> Result {
    let train = material.train
    let scaling = FeatureScaling(train)
    let usual = optimizer == .sgd ? 4 / Double(train.width) : 2e-3
    let trainer = MinibatchTrainer(
      rule: optimizer == .sgd ? .momentum : .adamw, epochs: epochs, batch: batch,
      rate: learningRate ?? usual, decay: weightDecay, seed: seed,
      classCount: material.classCount)
    let judge = Judge(self, material, scaling)
    let rows = scaling.apply(train)
    let objective = SoftmaxObjective(
      rows: rows, labels: train.labels, weights: train.labels.map { _ in 1 }, width: train.width,
      classCount: material.classCount, decay: 0)
    let count = material.classCount * (train.width + 1)
    var state = MinibatchTrainer.State(count: count)
    var standing = Standing()
    if let kept = checkpoint?.load(parameterCount: count) { (state, standing) = kept }
    let weight = weight(of: train, material.classCount)
    let teacher = material.teacher?.own
    while state.epoch < epochs, !judge.isOver(standing) {
      let own = try material.epochRows?(state.epoch + 1)
      let changed = own.map {
        scaling.apply(LabelledFeatures(rows: $0, width: train.width, labels: train.labels))
      }
      let loss = try trainer.run(
        &state, rows: changed ?? rows, labels: train.labels, width: train.width, weight: weight,
        teacher: teacher)
      try judge.add(
        state.parameters, loss: loss, accuracy: try objective.accuracy(state.parameters),
        &standing)
      try checkpoint?.save(state, standing)
      progress(state.epoch - 1, standing.figures[standing.figures.count - 1])
    }
    return result(standing, state.parameters, judge)
  }

  // MARK: Both

  private func result(_ standing: Standing, _ last: [Double], _ judge: Judge) -> Result {
    let usesBest = judge.canStop
    return Result(
      head: judge.scaling.unscaled(
        usesBest ? standing.best.parameters : last, classCount: judge.material.classCount),
      epochs: standing.figures,
      best: usesBest ? standing.best.epoch : max(standing.figures.count - 1, 0))
  }

  /// 1 for every class, or the reciprocal of its share.
  fileprivate func weight(of features: LabelledFeatures, _ classCount: Int) -> (Int) -> Double {
    guard balancesClasses else { return { _ in 1 } }
    var counts = [Int](repeating: 0, count: classCount)
    for label in features.labels { counts[label] += 1 }
    return { Double(features.count) / Double(classCount * max(counts[$0], 1)) }
  }
}

/// Measures classifiers on the validation rows.
private struct Judge {
  let material: HeadTrainer.Material
  let scaling: FeatureScaling
  private let patience: Int
  private let held: SoftmaxObjective

  init(_ trainer: HeadTrainer, _ material: HeadTrainer.Material, _ scaling: FeatureScaling) {
    (self.material, self.scaling) = (material, scaling)
    patience = trainer.patience
    let validation = material.validation
    held = SoftmaxObjective(
      rows: scaling.apply(validation), labels: validation.labels,
      weights: validation.labels.map(trainer.weight(of: validation, material.classCount)),
      width: material.train.width, classCount: material.classCount, decay: 0)
  }

  /// Whether the best classifier on the validation rows is kept, and training may end early.
  var canStop: Bool { patience > 0 && !held.labels.isEmpty }

  func add(
    _ parameters: [Double], loss: Double, accuracy: Double, _ standing: inout HeadTrainer.Standing
  ) throws {
    standing.figures.append(
      EpochFigures(
        loss: loss, accuracy: accuracy,
        validationAccuracy: held.labels.isEmpty ? nil : try held.accuracy(parameters)))
    let judged = canStop ? try held.evaluate(parameters).loss : loss
    if judged < standing.best.loss {
      standing.best = .init(
        parameters: parameters, loss: judged, epoch: standing.figures.count - 1)
    }
  }

  func isOver(_ standing: HeadTrainer.Standing) -> Bool {
    canStop && standing.figures.count - 1 - standing.best.epoch >= patience
  }
}

extension SoftmaxObjective {
  /// The share of rows whose highest score is that of their class.
  func accuracy(_ parameters: [Double]) throws(BLASError) -> Double {
    let scores = try SoftmaxObjective.scores(
      rows, width: width, parameters, classCount: classCount)
    var right = 0
    for (i, label) in labels.enumerated() {
      let own = scores[(i * classCount)..<((i + 1) * classCount)]
      if own.firstIndex(of: own.max() ?? 0) == i * classCount + label { right += 1 }
    }
    return labels.isEmpty ? 0 : Double(right) / Double(labels.count)
  }
}
