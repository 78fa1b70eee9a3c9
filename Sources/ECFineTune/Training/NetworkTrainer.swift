public import ECDiagnostics
public import ECExecution
public import ECGraph
public import ECTensor

/// Trains the weights of a classifier by stochastic gradient descent.
///
/// One call of `step` runs a batch forward and backward and moves the weights. With one thread equal
/// calls give equal bits; a state that is restored goes on as if nothing had been in between.
public final class NetworkTrainer {
  /// How to train.
  public struct Plan: Sendable {
    /// What is trained.
    public var layers = TrainedLayers.all
    /// How weights follow their gradients.
    public var optimizer = Optimizer.sgd()
    /// The learning rate.
    public var schedule = LearningRateSchedule(rate: 0.01)
    /// The steps after which the schedule ends.
    public var stepCount: Int
    /// What scores are compared with.
    public var targets = LossTargets()
    /// Whether batch normalization uses, and learns, the statistics of the batches.
    public var updatesStatistics = false
    /// How far stored statistics move to those of a batch.
    public var statisticsShare: Float = 0.1
    /// The threads of the kernels.
    public var threads = 1

    /// A plan for so many steps, with its defaults.
    public init(stepCount: Int) { self.stepCount = stepCount }
  }

  /// What a step gives.
  public struct Figures: Sendable, Equatable {
    /// The loss before the step.
    public let loss: Double
    /// The samples whose highest score was that of their class.
    public let hitCount: Int
    /// The learning rate of the step.
    public let rate: Double
  }

  /// The plan.
  public let plan: Plan
  /// The weights that are trained.
  public let weights: [TrainedWeight]
  /// The number of steps done.
  public private(set) var stepCount = 0
  private let graph: Graph
  private let values: WeightMemory
  private let gradients: WeightMemory
  private let moments: [WeightMemory]
  private let decays: [Bool]
  private var statistics: RunningStatistics
  /// By batch size.
  private var evaluators: [Int: GradientEvaluator] = [:]

  /// Prepares to train a graph with one input and one output, `[n, classes]`, on batches of a size.
  /// - Throws: `ExecutionError` with all operators that can't be trained through.
  public init(_ graph: Graph, batch: Int, _ plan: Plan) throws(ExecutionError) {
    (self.graph, self.plan) = (graph, plan)
    weights = graph.trainedWeights(plan.layers)
    let tensors = weights.compactMap { graph.constant($0.value) }
    let counts = tensors.map(\.count)
    (values, gradients) = (WeightMemory(counts: counts), WeightMemory(counts: counts))
    moments = (0..<plan.optimizer.momentCount).map { _ in WeightMemory(counts: counts) }
    decays = tensors.map { $0.shape.count > 1 }
    for (index, tensor) in tensors.enumerated() {
      _ = values[index].update(fromContentsOf: tensor.floats())
    }
    statistics = RunningStatistics()
    let evaluator = try evaluator(batch)
    statistics = RunningStatistics(evaluator.statistics, graph)
  }

  private func evaluator(_ batch: Int) throws(ExecutionError) -> GradientEvaluator {
    if let found = evaluators[batch] { return found }
    var request = GradientEvaluator.Request()
    request.weights = weights.map(\.value)
    request.usesBatchStatistics = plan.updatesStatistics
    request.temperature = plan.targets.distillation.map { Float($0.temperature) }
    request.threads = plan.threads
    let shapes = try Evaluator.inputShapes(of: graph, batch: batch)
    let made = try GradientEvaluator(graph: graph, inputShapes: shapes, request)
    // The size asked for and that of the last batch of an epoch; each holds its activations.
    if evaluators.count > 1 { evaluators = [:] }
    evaluators[batch] = made
    return made
  }

  /// The bytes of activations and constants that the prepared programs hold.
  public var byteCount: Int { evaluators.values.reduce(0) { $0 + $1.byteCount } }

  /// The kernels of a step in order, with their implementations and places in the model.
  public var listing: [(kernel: String, place: Place)] { evaluators.values.first?.listing ?? [] }

  /// Learns from one batch.
  ///
  /// - Parameters:
  ///   - input: The graph's input, samples along axis 0; batches may differ in size.
  ///   - labels: The class of every sample.
  ///   - teacher: The teacher's scores `[n, classes]`, where the plan distils.
  /// - Throws: `TrainingDivergence` if the loss or a gradient is infinite or undefined; the
  ///   weights are then those of the step before. `ExecutionError` if a shape doesn't fit.
  public func step(_ input: Tensor, labels: [Int], teacher: Tensor? = nil) throws -> Figures {
    let evaluator = try evaluator(labels.count)
    let classCount = evaluator.classCount
    var hard = plan.targets.hard(labels, classCount: classCount)
    var soft: (rows: [Float], entropy: Double) = ([], 0)
    if let distillation = plan.targets.distillation, let teacher {
      soft = plan.targets.soft(teacher.floats(), classCount: classCount, distillation)
    }
    let scores = WeightMemory(counts: [1, labels.count * classCount])
    let batch = statistics.batchMemory()
    try input.withFloats { (floats) throws(ExecutionError) in
      try hard.withUnsafeMutableBufferPointer { (hard) throws(ExecutionError) in
        try soft.rows.withUnsafeMutableBufferPointer { (soft) throws(ExecutionError) in
          let operands = GradientEvaluator.Operands(
            inputs: [floats], weights: values.pieces, targets: UnsafeBufferPointer(hard),
            softTargets: plan.targets.distillation == nil ? nil : UnsafeBufferPointer(soft))
          var results = GradientEvaluator.Results(
            loss: scores[0], logits: scores[1], weightGradients: gradients.mutablePieces)
          results.statistics = batch.mutablePieces
          try evaluator.run(operands, into: results)
        }
      }
    }
    let loss = Double(scores[0][0]) + soft.entropy
    guard loss.isFinite, gradients.isFinite else {
      throw TrainingDivergence(step: stepCount + 1, loss: loss)
    }
    let rate = plan.schedule.rate(at: stepCount, of: plan.stepCount)
    update(rate)
    statistics.move(to: batch, share: plan.statisticsShare, evaluator.statistics)
    stepCount += 1
    return Figures(
      loss: loss, hitCount: hits(UnsafeBufferPointer(scores[1]), labels, classCount), rate: rate)
  }

  private func update(_ rate: Double) {
    for index in weights.indices {
      guard let base = values[index].baseAddress, let slope = gradients[index].baseAddress else {
        continue
      }
      plan.optimizer.update(
        Optimizer.Piece(
          weights: base, gradients: slope, moments: moments.compactMap { $0[index].baseAddress },
          count: values[index].count, decays: decays[index]),
        rate: rate, step: stepCount)
    }
  }

  private func hits(_ scores: UnsafeBufferPointer<Float>, _ labels: [Int], _ classCount: Int) -> Int
  {
    labels.enumerated().count { n, label in
      let row = scores[n * classCount..<(n + 1) * classCount]
      return row.firstIndex(of: row.max() ?? 0) == n * classCount + label
    }
  }

  // MARK: State

  /// What has to be kept to go on later.
  public var state: TrainingState {
    TrainingState(
      step: stepCount, weights: values.numbers, moments: moments.map(\.numbers),
      statistics: statistics.memory.numbers)
  }

  /// Goes back, or on, to a state of a trainer of the same graph and plan.
  /// - Returns: Whether the state is of such a trainer; if not, nothing changes.
  public func restore(_ state: TrainingState) -> Bool {
    let own = self.state
    guard state.weights.count == own.weights.count,
      state.moments.map(\.count) == own.moments.map(\.count),
      state.statistics.count == own.statistics.count
    else { return false }
    stepCount = state.step
    values.numbers = state.weights
    for (memory, numbers) in zip(moments, state.moments) { memory.numbers = numbers }
    statistics.memory.numbers = state.statistics
    return true
  }

  /// The graph with the weights as they are now, in the types in which they were stored.
  public var trained: Graph {
    var result = graph
    func set(_ id: ValueID, _ numbers: UnsafeMutableBufferPointer<Float>) {
      guard let former = graph.constant(id) else { return }
      let tensor = Tensor(Array(numbers), shape: former.shape)
      result.setConstant(id, tensor.rounded(to: former.elementType))
    }
    for (index, weight) in weights.enumerated() { set(weight.value, values[index]) }
    for (index, id) in statistics.ids.enumerated() { set(id, statistics.memory[index]) }
    return result
  }
}
