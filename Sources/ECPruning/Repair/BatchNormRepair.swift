public import ECGraph
import ECTensor

/// Moves the statistics of batch normalizations to what the pruned network gives them.
///
/// *Paired*: on the same samples through both networks, `variance' = variance · r²` with
/// `r² = σ²_pruned / σ²_whole` (within 0.05 to 20), and `mean' = μ_pruned - r (μ_whole - mean)`: on these
/// samples each channel is normalized to what it was in the whole network, so that what they lack
/// of the training data doesn't matter. Where r is 1 that is `mean + μ_pruned - μ_whole`; without r
/// the distance of the samples from the training data would grow as pruning shrinks a channel. A
/// convolution over pictures without normalization behind it, as where that has been folded, is
/// scaled and shifted to the whole network's moments instead.
/// *Recalibrated*: mean and variance of the samples themselves.
public struct BatchNormRepair: Sendable {
  /// Which statistics are written.
  public enum Mode: Sendable {
    case paired, recalibrate
  }

  /// A value whose statistics are taken.
  public struct Stop: Sendable {
    /// The activation.
    public let value: ValueID
    /// Its axis along which the channels stand.
    public let axis: Int
    /// The positions along the axis that stay.
    let kept: [Int]
    /// The node whose parameters change.
    fileprivate let node: NodeID
    fileprivate let parameters: Parameters
  }

  fileprivate enum Parameters {
    /// The operands that store statistics.
    case statistics(mean: Int, variance: Int)
    /// Weights and bias that make the channels.
    case producer(weights: Int, axis: Int, bias: Int)
  }

  /// Mean and variance of every channel.
  public struct Moments: Sendable {
    let mean: [Double]
    let variance: [Double]

    /// Joins the two.
    public init(mean: [Double], variance: [Double]) {
      self.mean = mean
      self.variance = variance
    }
  }

  /// The stops in topological order.
  public let stops: [Stop]
  private let mode: Mode

  /// How far a variance is moved at most.
  private static let variances = 0.05...20.0

  /// Finds the stops of a graph.
  /// - Parameters:
  ///   - keeps: whether a unit stays.
  ///   - isSeen: whether a value can be computed.
  public init(
    _ mode: Mode, _ channels: ChannelGroups, of graph: Graph, keeps: (ChannelUnit) -> Bool,
    isSeen: (ValueID) -> Bool
  ) {
    self.mode = mode
    let changed = ChangedValues(graph, channels, keeps: keeps)
    let readers = graph.consumers()
    let outputs = Set(graph.outputs)
    func isNormalized(_ value: ValueID) -> Bool {
      readers[value]?.contains { graph[$0.node].op is any ChannelStatisticsOperator } ?? false
    }
    func kept(_ value: ValueID, _ axis: Int) -> [Int]? {
      guard let count = graph[value].type.shape[axis].value else { return nil }
      guard let labels = channels.labels[value] else { return Array(0..<count) }
      guard labels.varyingAxes.allSatisfy({ $0 == axis }) else { return nil }
      let units = labels.ids.map { channels.unitOfID[Int($0)] }
      return (0..<count).filter { units[$0 % units.count].map(keeps) ?? true }
    }
    stops = graph.nodes.compactMap { node in
      if let op = node.op as? any ChannelStatisticsOperator, let value = node.inputs[0],
        changed.values.contains(value), isSeen(value),
        let places = kept(value, op.statisticsAxis)
      {
        let operands = op.statisticsOperands
        let own = [operands.mean, operands.variance].allSatisfy {
          node.inputs[$0].map { readers[$0]?.count == 1 && graph.constant($0) != nil } ?? false
        }
        return own
          ? Stop(
            value: value, axis: op.statisticsAxis, kept: places, node: node.id,
            parameters: .statistics(mean: operands.mean, variance: operands.variance)) : nil
      }
      guard mode == .paired, let value = node.outputs.first, node.inputs.count > 1,
        changed.values.contains(value), isSeen(value),
        !outputs.contains(value), !isNormalized(value),
        let weights = node.inputs[1], graph.constant(weights) != nil,
        readers[weights]?.count == 1, let (row, bias) = node.outputAxis(weights: 1),
        let array = channels.labels[value], array.varyingAxes.count == 1,
        let places = kept(value, array.varyingAxes[0]),
        graph[value].type.isPicture(channels: array.varyingAxes[0])
      else { return nil }
      return Stop(
        value: value, axis: array.varyingAxes[0], kept: places, node: node.id,
        parameters: .producer(weights: 1, axis: row, bias: bias))
    }
  }

  /// Whether a stop's own node changes, so that what it has computed is void.
  public func changesProducer(_ stop: Stop) -> Bool {
    if case .producer = stop.parameters { return true }
    return false
  }

  /// Gives producers a bias where they have none, so that channels are cut with it from the start.
  public func prepare(_ graph: inout Graph) {
    for stop in stops {
      if case .producer(let weights, _, _) = stop.parameters {
        graph.addBias(to: stop.node, weights: weights)
      }
    }
  }

  /// Writes the statistics of a stop, or moves its producer.
  /// - Parameters:
  ///   - whole: the moments of all channels in the whole network.
  ///   - pruned: the moments of the kept channels in the pruned network.
  ///   - graph: the whole graph with the weights so far.
  /// - Returns: the initializers that were changed.
  public func mend(
    _ stop: Stop, whole: Moments, pruned: Moments, in graph: inout Graph
  ) -> [ValueID] {
    let ratios = zip(stop.kept, pruned.variance).map { channel, variance in
      let before = whole.variance[channel]
      let ratio = before > 0 ? variance / before : 1
      return min(max(ratio, Self.variances.lowerBound), Self.variances.upperBound)
    }
    switch stop.parameters {
    case .statistics(let mean, let variance):
      graph.change(stop.node, mean) { numbers in
        for (k, channel) in stop.kept.enumerated() {
          let distance = (whole.mean[channel] - numbers[channel]) * ratios[k].squareRoot()
          numbers[channel] = pruned.mean[k] - (mode == .paired ? distance : 0)
        }
      }
      graph.change(stop.node, variance) { numbers in
        for (k, channel) in stop.kept.enumerated() {
          numbers[channel] = mode == .paired ? numbers[channel] * ratios[k] : pruned.variance[k]
        }
      }
    case .producer(let weights, let axis, let bias):
      let factors = ratios.map { 1 / $0.squareRoot() }
      graph.scale(stop.node, weights, axis: axis, at: stop.kept, by: factors)
      graph.change(stop.node, bias) { numbers in
        for (k, channel) in stop.kept.enumerated() {
          numbers[channel] =
            (numbers[channel] - pruned.mean[k]) * factors[k] + whole.mean[channel]
        }
      }
    }
    return graph.parameters(of: stop.node)
  }
}

extension ValueType {
  /// Whether there are positions besides samples and channels.
  fileprivate func isPicture(channels: Int) -> Bool {
    shape.indices.contains { $0 != 0 && $0 != channels && shape[$0].value != 1 }
  }
}

extension Graph {
  /// Changes a vector that a node reads.
  fileprivate mutating func change(
    _ node: NodeID, _ operand: Int, _ body: (inout [Double]) -> Void
  ) {
    guard operand < self[node].inputs.count, let id = self[node].inputs[operand],
      let old = constant(id)
    else { return }
    var numbers = old.doubles()
    body(&numbers)
    setConstant(
      id, Tensor(numbers.map { Float($0) }, shape: old.shape).rounded(to: old.elementType))
  }

  /// Multiplies slices of a weight.
  fileprivate mutating func scale(
    _ node: NodeID, _ operand: Int, axis: Int, at positions: [Int], by factors: [Double]
  ) {
    guard let id = self[node].inputs[operand], let old = constant(id) else { return }
    let inner = old.shape[(axis + 1)...].reduce(1, *)
    let extent = old.shape[axis]
    var factorOf = [Float](repeating: 1, count: extent)
    for (position, factor) in zip(positions, factors) { factorOf[position] = Float(factor) }
    var numbers = old.floats()
    for k in numbers.indices { numbers[k] *= factorOf[k / inner % extent] }
    setConstant(id, Tensor(numbers, shape: old.shape).rounded(to: old.elementType))
  }
}
