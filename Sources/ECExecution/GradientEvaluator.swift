public import ECDiagnostics
public import ECGraph
import ECKernels
import ECTensor

/// A graph prepared to run forward and backward, in float32, for inputs of fixed shapes.
///
/// The loss is the cross entropy of the graph's one output, `[n, k]`, with targets given at run time:
/// `-Σ targets · log softmax(logits)`, summed over the batch. A softmax that ends the graph is left
/// out, its argument being the logits. The targets carry all weights: of samples, of classes, of the
/// mean over the batch.
public final class GradientEvaluator {
  /// What is asked for.
  public struct Request: Sendable {
    /// The initializers whose gradients are wanted; their elements are given at every run.
    public var weights: [ValueID] = []
    /// The activations that are wanted together with their gradients.
    public var activations: [ValueID] = []
    /// The operands of which the channels' part in the loss is wanted, each with the axis of its
    /// channels: activation times the gradient through that node alone, summed over positions.
    public var readings: [(reading: Reading, axis: Int)] = []
    /// Whether batch normalization takes its statistics from the batch, not those stored.
    public var usesBatchStatistics = false
    /// A second loss, with targets of its own for the logits divided by this.
    public var temperature: Float?
    /// The threads of the kernels.
    public var threads = 1

    /// Asks for nothing but the loss.
    public init() {}
  }

  /// The statistics of one batch normalization.
  public struct Statistics: Sendable {
    /// The initializer that stores the mean.
    public let mean: ValueID
    /// The initializer that stores the variance.
    public let variance: ValueID
    /// The number of channels.
    public let channelCount: Int
    /// The elements that each statistic of a batch is a mean of.
    public let sampleCount: Int
  }

  /// The operands of a run.
  public struct Operands {
    /// One for each input of the graph.
    public var inputs: [UnsafeBufferPointer<Float>]
    /// One for each weight asked for.
    public var weights: [UnsafeBufferPointer<Float>]
    /// `[n, k]`.
    public var targets: UnsafeBufferPointer<Float>
    /// `[n, k]`, where a temperature was given.
    public var softTargets: UnsafeBufferPointer<Float>?

    /// Joins the operands.
    public init(
      inputs: [UnsafeBufferPointer<Float>], weights: [UnsafeBufferPointer<Float>],
      targets: UnsafeBufferPointer<Float>, softTargets: UnsafeBufferPointer<Float>? = nil
    ) {
      (self.inputs, self.weights) = (inputs, weights)
      (self.targets, self.softTargets) = (targets, softTargets)
    }
  }

  /// What a run fills.
  public struct Results {
    /// One element.
    public var loss: UnsafeMutableBufferPointer<Float>
    /// `[n, k]`.
    public var logits: UnsafeMutableBufferPointer<Float>
    /// One for each weight asked for.
    public var weightGradients: [UnsafeMutableBufferPointer<Float>]
    /// Mean, then (biased) variance, of one batch normalization after the other.
    public var statistics: [UnsafeMutableBufferPointer<Float>] = []
    /// Value, then gradient, of one activation after the other.
    public var activations: [UnsafeMutableBufferPointer<Float>] = []
    /// `[n, c]` of one reading after the other.
    public var readings: [UnsafeMutableBufferPointer<Float>] = []

    /// Joins what every run gives.
    public init(
      loss: UnsafeMutableBufferPointer<Float>, logits: UnsafeMutableBufferPointer<Float>,
      weightGradients: [UnsafeMutableBufferPointer<Float>]
    ) {
      (self.loss, self.logits, self.weightGradients) = (loss, logits, weightGradients)
    }
  }

  /// The shapes of the inputs, in the order of the graph's.
  public let inputShapes: [[Int]]
  /// The number of classes.
  public let classCount: Int
  /// The shapes of the weights asked for.
  public let weightShapes: [[Int]]
  /// The shapes of the activations asked for.
  public let activationShapes: [[Int]]
  /// For every reading asked for the extents of its first axis and of that of its channels; `[0, 0]`
  /// where the loss doesn't depend on its node.
  public let readingShapes: [[Int]]
  /// The batch normalizations that give the statistics of the batch.
  public let statistics: [Statistics]
  let constants: [Tensor]
  private let program: Program

  /// Prepares a graph for inputs of given shapes, in the order of the graph's inputs.
  /// - Throws: `ExecutionError` if a shape doesn't fit, or with all operators that can't be run or
  ///   have no gradient.
  public init(graph: Graph, inputShapes: [[Int]], _ request: Request) throws(ExecutionError) {
    let concrete = try graph.concrete(inputShapes)
    guard concrete.outputs.count == 1 else {
      throw ExecutionError(.outputCount(concrete.outputs.count))
    }
    self.inputShapes = inputShapes
    constants = request.weights.compactMap { graph.constant($0) }
    weightShapes = constants.map(\.shape)
    let lowering = GraphLowering(
      threads: request.threads, mode: .training(usesBatch: request.usesBatchStatistics))
    var faults: [GraphError] = []
    let special = GraphLowering.Special(
      weights: request.weights, separate: Set(request.activations),
      readings: Set(request.readings.map(\.reading)))
    let values = lowering.lower(
      concrete, from: concrete.inputs, inputShapes, for: concrete.outputs, special, &faults)
    guard faults.isEmpty, let output = values[concrete.outputs[0]] else {
      throw ExecutionError(.notTrainable(faults.map { "\($0.place): \($0.what)" }))
    }
    let asked = (request.weights + request.activations).compactMap { values[$0] }
    guard asked.count == request.weights.count + request.activations.count else {
      throw ExecutionError(.valueNotRead)
    }
    activationShapes = asked.suffix(request.activations.count).map(\.shape)
    let read = request.readings.map { lowering.readings[$0.reading] }
    readingShapes = zip(read, request.readings).map { value, wanted in
      value.map { [$0.shape[0], $0.shape[wanted.axis]] } ?? [0, 0]
    }
    let batch = inputShapes.first?.first ?? 1
    let logits = lowering.logits(output, batch: batch)
    classCount = logits.dims[1]
    do throws(KernelError) {
      let gradients = try lowering.addLoss(
        logits, asked + read.compactMap { $0 }, temperature: request.temperature,
        weightCount: request.weights.count)
      var names: [KernelValue: ValueID] = [:]
      for (id, _) in graph.initializers { if let value = values[id] { names[value] = id } }
      statistics = lowering.statistics(names)
      for (value, gradient) in zip(asked, gradients).dropFirst(request.weights.count) {
        lowering.output(value)
        lowering.output(gradient ?? lowering.zeros(like: value))
      }
      var next = asked.count
      for case (let value?, let wanted) in zip(read, request.readings) {
        let gradient = gradients[next] ?? lowering.zeros(like: value)
        next += 1
        lowering.output(lowering.slope(of: value, gradient, axis: wanted.axis))
      }
      program = try lowering.finish()
    } catch {
      guard case .noGradient(let kernels) = error.reason else {
        throw ExecutionError(.kernel(error.what), at: error.place)
      }
      throw ExecutionError(.notTrainable(kernels))
    }
  }

  /// The bytes of activations and constants that the program holds.
  public var byteCount: Int { program.peakByteCount }

  /// The kernels in order, with their implementations and places in the model.
  public var listing: [(kernel: String, place: Place)] { program.listing }

  /// Runs forward and backward once.
  /// - Throws: `ExecutionError` if an operand has another size or a kernel fails.
  public func run(_ operands: Operands, into results: Results) throws(ExecutionError) {
    do throws(KernelError) {
      try program.run(
        inputs: operands.inputs + operands.weights + [operands.targets]
          + (operands.softTargets.map { [$0] } ?? []),
        outputs: [results.loss, results.logits] + results.weightGradients + results.statistics
          + results.activations + results.readings.filter { !$0.isEmpty })
    } catch {
      throw ExecutionError(.kernel(error.what), at: error.place)
    }
  }
}
