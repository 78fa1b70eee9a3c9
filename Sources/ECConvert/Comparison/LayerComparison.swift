import ECExecution
import ECGraph
import ECTensor

/// The tensors inside two models on the same inputs.
struct LayerComparison: Sendable {
  /// A tensor of the reference beside its counterpart.
  struct Layer: Sendable {
    let name: String
    let candidate: String
    /// The layer or node that makes it in the reference.
    let layer: String
    let op: String
    /// `nil` where the shapes tell that different things are in it.
    let difference: Difference?
    let shapes: (reference: [Int], candidate: [Int])
    let passed: Bool
  }

  /// How tensors were paired.
  let key: TensorPairs.Key
  /// In the order in which the reference computes them.
  let layers: [Layer]
  /// The names of tensors of the reference that the other model has nothing for.
  let unpaired: [String]

  /// The layers whose shapes are alike.
  var compared: [Layer] { layers.filter { $0.difference != nil } }
  /// The first that isn't as it should be, whether by its shape or its numbers.
  var first: Layer? { layers.first { !$0.passed } }
  /// The first whose numbers differ.
  var firstInNumbers: Layer? { layers.first { !$0.passed && $0.difference != nil } }

  /// Bytes of tensors of both models that are held at once.
  private static let heldByteCount = 256 << 20

  /// Runs both models as often as it takes to see all that they compute.
  /// - Throws: `ExecutionError` if something of it can't be run.
  init(
    _ reference: Graph, _ candidate: Graph, inputs: [Tensor], candidateInputs: [Tensor],
    relative: Double, _ options: ComparisonOptions
  ) throws {
    let threads = WorkerThreads.count(options.threads)
    let absolute = options.absoluteTolerance
    let pairs = try TensorPairs(reference, candidate)
    let (reference, candidate) = (pairs.reference, pairs.candidate)
    key = pairs.key
    unpaired = pairs.unpaired.map { reference[$0].name }
    let batch = inputs.first?.shape.first ?? 1
    var layouts = LayoutDifference()
    var found: [Layer] = []
    var waiting = pairs.pairs[...]
    while !waiting.isEmpty {
      var taken = 0
      var byteCount = 0
      for pair in waiting where taken == 0 || byteCount < Self.heldByteCount {
        byteCount += 8 * batch * reference[pair.reference].type.elementCountOfSample
        taken += 1
      }
      let part = Array(waiting.prefix(taken))
      waiting = waiting.dropFirst(taken)
      let truth = try Evaluator(
        graph: reference, inputShapes: inputs.map(\.shape), outputs: part.map(\.reference),
        threads: threads
      ).run(inputs)
      let other = try Evaluator(
        graph: candidate, inputShapes: candidateInputs.map(\.shape),
        outputs: part.map(\.candidate), threads: threads, precision: options.precision
      ).run(candidateInputs)
      for (k, pair) in part.enumerated() {
        let difference = layouts.between(other[k], truth[k]) {
          $0.passes(relative: relative, absolute: absolute)
        }
        let value = reference[pair.reference]
        let node = value.producer.map { reference[$0] }
        found.append(
          Layer(
            name: value.name, candidate: candidate[pair.candidate].name,
            layer: node.map { $0.origin.isEmpty ? $0.name : $0.origin } ?? "",
            op: node?.op.name ?? "", difference: difference,
            shapes: (truth[k].shape, other[k].shape),
            passed: difference?.passes(relative: relative, absolute: absolute) ?? false))
      }
    }
    layers = found
  }
}

/// Differences between tensors of models that may lay images out in different orders.
private struct LayoutDifference {
  /// Whether a tensor was met whose channels lie at the other end.
  private var hasMoved = false

  /// The smallest difference over the layouts that a tensor of the other model may have; `nil` where
  /// its shape fits in none.
  mutating func between(
    _ found: Tensor, _ truth: Tensor, _ passes: (Difference) -> Bool
  ) -> Difference? {
    var best: Difference?
    for (k, order) in ImageOrders.of(rank: truth.shape.count).enumerated()
    where found.shape.count == truth.shape.count && order.map({ found.shape[$0] }) == truth.shape {
      let difference = Difference(found.permuted(order), reference: truth)
      if best.map({ difference.absolute < $0.absolute }) ?? true {
        best = difference
        if k > 0 && passes(difference) { hasMoved = true }
      }
      if difference.absolute == 0 { break }
    }
    // An image of the other layout, flattened: the layer behind has its weights in that order.
    if hasMoved, truth.shape.count == 2, let plain = best, !passes(plain) {
      let sorted = Difference(found.sortedRows, reference: truth.sortedRows)
      if passes(sorted) { return sorted }
    }
    return best
  }
}

extension Tensor {
  /// A matrix with the numbers of each row in ascending order.
  fileprivate var sortedRows: Tensor {
    let numbers = floats()
    let width = shape.last ?? 1
    let rows = stride(from: 0, to: numbers.count, by: max(1, width)).flatMap {
      numbers[$0..<($0 + width)].sorted()
    }
    return Tensor(rows, shape: shape)
  }
}

/// The ways in which models lay the axes of the same tensor out: as it is, and with the channels at the
/// other end.
enum ImageOrders {
  static func of(rank: Int) -> [[Int]] {
    let order = Array(0..<rank)
    guard rank > 2 else { return [order] }
    return [order, [0, rank - 1] + order[1..<(rank - 1)], [0] + order[2...] + [1]]
  }
}
