public import ECTensor

extension GradientEvaluator {
  /// What a run on tensors gives.
  public struct Gradients: Sendable {
    /// The loss.
    public let loss: Double
    /// `[n, k]`.
    public let logits: Tensor
    /// By the weights asked for.
    public let weights: [Tensor]
    /// Mean and variance of every batch normalization that took its statistics from the batch.
    public let statistics: [(mean: Tensor, variance: Tensor)]
    /// The activations asked for, and the gradients by them.
    public let activations: [(value: Tensor, gradient: Tensor)]
    /// `[n, c]` of the readings asked for; `nil` where the loss doesn't depend on one.
    public let readings: [Tensor?]
  }

  /// Runs once with the weights that the graph was prepared with.
  ///
  /// - Parameters:
  ///   - targets: `[n, k]`; for the mean cross entropy, `1/n` at each sample's class.
  ///   - softTargets: `[n, k]`, where a temperature was asked for.
  /// - Throws: `ExecutionError` if a shape doesn't fit or a kernel fails.
  public func gradients(
    _ inputs: [Tensor], targets: Tensor, softTargets: Tensor? = nil
  ) throws(ExecutionError) -> Gradients {
    let given = [targets] + (softTargets.map { [$0] } ?? [])
    let operands = Blocks((inputs + constants + given).map { $0.floats() })
    let batch = inputShapes.first?.first ?? 1
    let channels = statistics.flatMap { [$0.channelCount, $0.channelCount] }
    let counts =
      [1, batch * classCount] + weightShapes.map { $0.reduce(1, *) } + channels
      + activationShapes.flatMap { [$0.reduce(1, *), $0.reduce(1, *)] }
      + readingShapes.map { $0.reduce(1, *) }
    let results = Blocks(counts.map { [Float](repeating: 0, count: $0) })
    let (inputCount, weightCount) = (inputs.count, constants.count)
    let sources = operands.buffers.map { UnsafeBufferPointer($0) }
    var filled = Results(
      loss: results.buffers[0], logits: results.buffers[1],
      weightGradients: Array(results.buffers[2..<2 + weightCount]))
    let rest = results.buffers[(2 + weightCount)...]
    filled.statistics = Array(rest.prefix(channels.count))
    filled.activations = Array(
      rest.dropFirst(channels.count).prefix(2 * activationShapes.count))
    filled.readings = Array(rest.suffix(readingShapes.count))
    try run(
      Operands(
        inputs: Array(sources[..<inputCount]),
        weights: Array(sources[inputCount..<inputCount + weightCount]),
        targets: sources[inputCount + weightCount],
        softTargets: softTargets == nil ? nil : sources[sources.count - 1]),
      into: filled)

    func tensor(_ values: UnsafeMutableBufferPointer<Float>, _ shape: [Int]) -> Tensor {
      Tensor(Array(values), shape: shape)
    }
    return Gradients(
      loss: Double(filled.loss[0]), logits: tensor(filled.logits, [batch, classCount]),
      weights: zip(filled.weightGradients, weightShapes).map(tensor),
      statistics: statistics.indices.map { k in
        let (mean, variance) = (filled.statistics[2 * k], filled.statistics[2 * k + 1])
        return (tensor(mean, [mean.count]), tensor(variance, [variance.count]))
      },
      activations: activationShapes.enumerated().map { k, shape in
        (tensor(filled.activations[2 * k], shape), tensor(filled.activations[2 * k + 1], shape))
      },
      readings: zip(filled.readings, readingShapes).map { $0.isEmpty ? nil : tensor($0, $1) })
  }

  /// Arrays at addresses that stay.
  private final class Blocks {
    let buffers: [UnsafeMutableBufferPointer<Float>]

    init(_ arrays: [[Float]]) {
      buffers = arrays.map { array in
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: max(array.count, 1))
        buffer.initialize(repeating: 0)
        _ = buffer.update(fromContentsOf: array)
        return UnsafeMutableBufferPointer(rebasing: buffer[..<array.count])
      }
    }

    deinit { for buffer in buffers { buffer.deallocate() } }
  }
}
