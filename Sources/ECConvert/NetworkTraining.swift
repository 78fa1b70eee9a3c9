import Dispatch
import ECDiagnostics
import ECFineTune
import ECGraph
import ECImage
import ECRandom
import ECTensor
import Glibc
import Synchronization

/// Trains layers before the classifier too, in small batches of images.
///
/// After every epoch the whole state can be kept, so that a run that was stopped goes on to the same
/// weights. Orders and changes of images come from the seed and the epoch.
struct NetworkTraining {
  let fineTune: FineTuneOptions
  let layers: TrainedLayers
  let images: ImageSource
  let checkpoint: CheckpointFolder?
  let threads: Int
  let seed: UInt64
  let progress: @Sendable (String, Double?) -> Void

  /// What training gives.
  struct Outcome {
    let graph: Graph
    let epochs: [EpochFigures]
    /// The epoch whose weights were kept; `nil` if none was better than the classifier alone.
    let best: Int?
  }

  private static let stateName = "network"

  /// Finds out whether a network can be trained at all, before anything long is computed.
  /// - Throws: `ExecutionError` with all operators that can't be trained through, or for want of
  ///   memory; `ConversionFault` if the network takes another number of images at once.
  func check(_ graph: Graph, _ data: LabelledImages) throws {
    let batch = try batch(graph, data).count
    let plan = plan(data, hasTeacher: fineTune.teacher != nil, epochs: 1, batch: batch)
    _ = try NetworkTrainer(graph, batch: batch, plan)
  }

  /// Trains a network whose classifier knows the classes already.
  /// - Parameter teacher: scores for the training images, where there is a teacher.
  func run(
    _ graph: Graph, _ data: LabelledImages, teacher: [Float]?, fingerprint: UInt64
  ) throws -> Outcome {
    let batch = try batch(graph, data)
    let epochs = fineTune.epochs ?? usualEpochs(data, batch: batch.count)
    let plan = plan(data, hasTeacher: teacher != nil, epochs: epochs, batch: batch.count)
    let frozen = try frozenPart(of: graph, data)
    let trainer = try NetworkTrainer(frozen?.trunk.rest ?? graph, batch: batch.count, plan)
    func current() -> Graph {
      frozen?.trunk.joined(trainer.trained, layers) ?? trainer.trained
    }
    // What decides the result beside the images and the network.
    var whole = Fingerprint()
    whole.add(fingerprint)
    whole.add("\(plan) \(batch) \(fineTune.augments) \(fineTune.teacher ?? "") \(frozen != nil)")
    let fingerprint = whole.value
    var standing = Standing()
    if let kept = restored(fingerprint), trainer.restore(kept.state) {
      standing = kept.standing
    } else if canStop(data) {
      standing.bestLoss = try measure(trainer.trained, frozen, data).loss
    }
    while standing.figures.count < epochs, !isOver(standing, data) {
      let epoch = standing.figures.count
      let figures = try run(epoch, of: epochs, trainer, frozen, data, teacher, batch)
      let now = trainer.state
      judge(figures, try measure(trainer.trained, frozen, data), now, data, &standing)
      try save(now, standing, fingerprint)
    }
    guard canStop(data) else {
      return Outcome(
        graph: current(), epochs: standing.figures, best: standing.figures.count - 1)
    }
    guard let best = TrainingState(bytes: standing.best), trainer.restore(best) else {
      return Outcome(graph: graph, epochs: standing.figures, best: nil)
    }
    return Outcome(graph: current(), epochs: standing.figures, best: standing.bestEpoch)
  }

  // MARK: The plan

  /// How many images go through the network at once.
  private struct Batch {
    let count: Int
    /// Whether the network takes no other number.
    let isFixed: Bool
  }

  private func batch(_ graph: Graph, _ data: LabelledImages) throws(ConversionFault) -> Batch {
    guard let fixed = graph.inputs.first.flatMap({ graph[$0].type.shape.first?.value }) else {
      return Batch(count: min(fineTune.batch ?? 32, data.train.count), isFixed: false)
    }
    if let wanted = fineTune.batch, wanted != fixed {
      throw ConversionFault(
        .options("the model takes batches of \(fixed)"), at: .option("--batch-size"))
    }
    return Batch(count: fixed, isFixed: true)
  }

  private func stepsPerEpoch(_ data: LabelledImages, batch: Int) -> Int {
    (data.train.count + batch - 1) / batch
  }

  /// Ten epochs, or as many as make 300 steps: what AdamW's small steps need to get anywhere, however
  /// few the images are.
  private func usualEpochs(_ data: LabelledImages, batch: Int) -> Int {
    min(max(10, 300 / max(stepsPerEpoch(data, batch: batch), 1)), 100)
  }

  private func plan(
    _ data: LabelledImages, hasTeacher: Bool, epochs: Int, batch: Int
  ) -> NetworkTrainer.Plan {
    var plan = NetworkTrainer.Plan(stepCount: epochs * stepsPerEpoch(data, batch: batch))
    let isAdam = fineTune.optimizer != .sgd
    plan.layers = layers
    let decay = Float(fineTune.weightDecay ?? (isAdam ? 0.01 : 1e-4))
    plan.optimizer = isAdam ? .adamW(weightDecay: decay) : .sgd(weightDecay: decay)
    plan.schedule = LearningRateSchedule(
      rate: fineTune.learningRate ?? (isAdam ? 3e-4 : 2e-3), warmUp: plan.stepCount / 20)
    // One odd batch can throw away what a trained network knows.
    plan.gradientBound = 1
    plan.updatesStatistics = fineTune.batchNorm == .update
    plan.threads = threads
    if fineTune.balancesClasses {
      plan.targets.classWeights = data.counts.map {
        Double(data.train.count) / Double(data.classes.count * $0)
      }
    }
    if hasTeacher { plan.targets.distillation = .init(temperature: 2, share: 0.5) }
    return plan
  }

  // MARK: An epoch

  private func run(
    _ epoch: Int, of epochs: Int, _ trainer: NetworkTrainer, _ frozen: FrozenPart?,
    _ data: LabelledImages, _ teacher: [Float]?, _ batch: Batch
  ) throws -> (loss: Double, accuracy: Double) {
    var generator = SplitMix64(seed: seed &+ UInt64(epoch) &* 0xD1B5_4A32_D192_ED03)
    var order = data.train.indices.shuffled(using: &generator)
    if batch.isFixed {
      // The last batch is filled with the first images.
      let missing = (batch.count - order.count % batch.count) % batch.count
      order += (0..<missing).map { order[$0 % data.train.count] }
    }
    let batches = stride(from: 0, to: order.count, by: batch.count).map {
      Array(order[$0..<min($0 + batch.count, order.count)])
    }
    var (loss, hits) = (0.0, 0)
    let input: @Sendable ([Int]) -> Result<Tensor, ImageError> = { rows in
      frozen.map { .success($0.tensor(rows)) } ?? decode(rows, data, epoch)
    }
    var next = Pending(batches[0], input)
    for (k, rows) in batches.enumerated() {
      let images = try next.wait()
      if k + 1 < batches.count { next = Pending(batches[k + 1], input) }
      let count = data.classes.count
      let scores = teacher.map { teacher in
        Tensor(
          rows.flatMap { teacher[($0 * count)..<(($0 + 1) * count)] }, shape: [rows.count, count])
      }
      let figures = try trainer.step(
        images, labels: rows.map { data.train[$0].label }, teacher: scores)
      loss += figures.loss * Double(rows.count)
      hits += figures.hitCount
      progress(
        "training, epoch \(epoch + 1) of \(epochs)", Double(k + 1) / Double(batches.count))
    }
    return (loss / Double(order.count), Double(hits) / Double(order.count))
  }

  /// Images of one batch, decoded by all threads.
  private func decode(_ rows: [Int], _ data: LabelledImages, _ epoch: Int) -> Result<
    Tensor, ImageError
  > {
    let base = seed &+ UInt64(epoch + 1) &* 0x9E6C_63D0_876A_68DE
    let results = Mutex([Result<FloatImage, ImageError>?](repeating: nil, count: rows.count))
    DispatchQueue.concurrentPerform(iterations: rows.count) { k in
      let item = data.train[rows[k]]
      let image =
        fineTune.augments
        ? images.image(item, changedBy: base &+ UInt64(rows[k]) &* 0xD1B5_4A32_D192_ED03)
        : images.image(item)
      results.withLock { $0[k] = image }
    }
    return Result { () throws(ImageError) in
      var decoded: [FloatImage] = []
      for case let result? in results.withLock({ $0 }) { decoded.append(try result.get()) }
      return images.tensor(decoded)
    }
  }

  // MARK: Judging

  /// Where training stands after an epoch.
  private struct Standing {
    var figures: [EpochFigures] = []
    /// -1 for the state before the first.
    var bestEpoch = -1
    var bestLoss = Double.infinity
    /// The state of the best epoch.
    var best: [UInt8] = []
  }

  /// Whether the best epoch on the validation images is kept, and training may end early.
  private func canStop(_ data: LabelledImages) -> Bool {
    fineTune.patience > 0 && !data.validation.isEmpty
  }

  private func isOver(_ standing: Standing, _ data: LabelledImages) -> Bool {
    canStop(data) && standing.figures.count - 1 - standing.bestEpoch >= fineTune.patience
  }

  private func judge(
    _ own: (loss: Double, accuracy: Double), _ held: (loss: Double, matrix: ConfusionMatrix),
    _ state: TrainingState, _ data: LabelledImages, _ standing: inout Standing
  ) {
    let isJudged = !data.validation.isEmpty
    var figures = EpochFigures(
      loss: own.loss, accuracy: own.accuracy,
      validationAccuracy: isJudged ? held.matrix.accuracy : nil)
    figures.validationLoss = isJudged ? held.loss : nil
    standing.figures.append(figures)
    if canStop(data), held.loss < standing.bestLoss {
      standing.bestLoss = held.loss
      standing.bestEpoch = standing.figures.count - 1
      standing.best = state.bytes
    }
  }

  // MARK: State

  private func save(_ state: TrainingState, _ standing: Standing, _ fingerprint: UInt64)
    throws(FineTuneError)
  {
    guard let checkpoint else { return }
    let own = state.bytes
    var numbers = [
      Double(bitPattern: fingerprint), Double(standing.figures.count), Double(standing.bestEpoch),
      standing.bestLoss, Double(own.count),
    ]
    for figures in standing.figures {
      numbers += [
        figures.loss, figures.accuracy, figures.validationAccuracy ?? -1,
        figures.validationLoss ?? -1,
      ]
    }
    try checkpoint.save(
      numbers.withUnsafeBytes { Array($0) } + own + standing.best, as: NetworkTraining.stateName)
  }

  private func restored(_ fingerprint: UInt64) -> (state: TrainingState, standing: Standing)? {
    guard let bytes = checkpoint?.load(NetworkTraining.stateName), bytes.count >= 40 else {
      return nil
    }
    func number(_ k: Int) -> Double {
      bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: k * 8, as: Double.self) }
    }
    guard number(0).bitPattern == fingerprint, let count = Int(exactly: number(1)),
      (0...bytes.count).contains(count),
      let bestEpoch = Int(exactly: number(2)), (-1..<count).contains(bestEpoch),
      let length = Int(exactly: number(4)), (0...bytes.count).contains(length),
      bytes.count >= 40 + 32 * count + length
    else { return nil }
    var standing = Standing()
    for k in 0..<count {
      let (accuracy, loss) = (number(7 + 4 * k), number(8 + 4 * k))
      var figures = EpochFigures(
        loss: number(5 + 4 * k), accuracy: number(6 + 4 * k),
        validationAccuracy: accuracy < 0 ? nil : accuracy)
      figures.validationLoss = accuracy < 0 ? nil : loss
      standing.figures.append(figures)
    }
    (standing.bestEpoch, standing.bestLoss) = (bestEpoch, number(3))
    let start = 40 + 32 * count
    standing.best = Array(bytes[(start + length)...])
    guard let state = TrainingState(bytes: Array(bytes[start..<(start + length)])) else {
      return nil
    }
    return (state, standing)
  }
}

/// A batch that is decoded while another one is learnt.
private final class Pending: Sendable {
  private let group = DispatchGroup()
  private let result = Mutex<Result<Tensor, ImageError>?>(nil)

  init(_ rows: [Int], _ decode: @escaping @Sendable ([Int]) -> Result<Tensor, ImageError>) {
    DispatchQueue.global().async(group: group) { [self] in
      let tensor = decode(rows)
      result.withLock { $0 = tensor }
    }
  }

  func wait() throws(ImageError) -> Tensor {
    group.wait()
    guard let result = result.withLock({ $0 }) else { preconditionFailure("the batch is decoded") }
    return try result.get()
  }
}
