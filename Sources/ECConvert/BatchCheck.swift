import ECExecution
import ECGraph
import ECOperators
import ECTensor

/// Proves that a model which was built for one batch does the same, sample by sample, with another.
///
/// A file may spell its batch anywhere (in a reshape, a slice), where another batch then means
/// something else without contradicting any extent.
struct BatchCheck {
  /// The model as its file has it.
  let source: Graph
  /// The model with the other batch.
  let changed: Graph

  /// The batch that a graph fixes, if it does.
  static func batch(of graph: Graph) -> Int? {
    graph.inputs.first.flatMap { graph[$0].type.shape.first?.value }
  }

  /// Runs both on the same samples.
  /// - Throws: `ConversionFault.batchIsBaked` if they differ or the changed one can't run, `.batchUnproven` if carried nodes
  ///   leave nothing to compare.
  func run(_ options: ConversionOptions, threads: Int) throws {
    if let carried = source.nodes.first(where: { $0.op is Opaque }) {
      throw ConversionFault(.batchUnproven(node: carried.name), at: .option("--batch"))
    }
    guard let built = BatchCheck.batch(of: source) else { return }
    let wanted = BatchCheck.batch(of: changed) ?? 2 * built
    // The source runs as often as covers the other batch, and the other way round.
    let count = max(built, wanted)
    guard count % built == 0, count % wanted == 0, built != wanted else { return }
    var random = RandomInputs(seed: options.seed ^ 0xBA7C)
    let inputs = source.inputs.map { id -> Tensor in
      var shape = source[id].type.shape.map { $0.value ?? 1 }
      if shape.first == built { shape[0] = count }
      return random.tensor(shape: shape, in: source.inputRange)
    }
    let expected = try outputs(of: source, inputs, built: built, at: built, count, threads)
    let found: [Tensor]
    do {
      found = try outputs(of: changed, inputs, built: built, at: wanted, count, threads)
    } catch let error as ExecutionError {
      if case .memory = error.reason { throw error }
      // Such as a sum with a constant of the batch's extent.
      throw ConversionFault(
        .batchIsBaked(from: built, to: wanted, relative: nil), at: .option("--batch"))
    }
    for (result, truth) in zip(found, expected) {
      let difference = Difference(result, reference: truth)
      if !difference.passes(relative: 1e-3, absolute: options.absoluteTolerance) {
        throw ConversionFault(
          .batchIsBaked(from: built, to: wanted, relative: difference.relative),
          at: .option("--batch"))
      }
    }
  }

  /// The outputs for all samples, computed `size` at a time.
  private func outputs(
    of graph: Graph, _ inputs: [Tensor], built: Int, at size: Int, _ count: Int, _ threads: Int
  ) throws -> [Tensor] {
    let isBatched = source.inputs.map { source[$0].type.shape.first?.value == built }
    func part(_ tensor: Tensor, _ isBatched: Bool, _ start: Int) -> Tensor {
      isBatched ? tensor.gathered(axis: 0, Array(start..<start + size)) : tensor
    }
    let shapes = zip(inputs, isBatched).map { part($0, $1, 0).shape }
    let evaluator = try Evaluator(graph: graph, inputShapes: shapes, threads: threads)
    var numbers: [[Float]] = []
    var extents: [[Int]] = []
    for start in stride(from: 0, to: count, by: size) {
      let results = try evaluator.run(zip(inputs, isBatched).map { part($0, $1, start) })
      if numbers.isEmpty {
        numbers = results.map { _ in [] }
        extents = results.map { [count * $0.shape.reduce(1, *) / size] }
      }
      for (k, result) in results.enumerated() { numbers[k] += result.floats() }
    }
    return zip(numbers, extents).map { numbers, shape in
      numbers.count == shape[0]
        ? Tensor(numbers, shape: shape) : Tensor(numbers, shape: [numbers.count])
    }
  }
}
