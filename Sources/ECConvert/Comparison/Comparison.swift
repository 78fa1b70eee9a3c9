import ECDiagnostics
import ECExecution
import ECGraph
import ECTensor

/// How two models are compared.
public struct ComparisonOptions: Sendable {
  /// The number of random samples.
  public var samples = 1
  /// The largest difference allowed, relative to the largest magnitude of the reference; `nil` is
  /// what rounding costs in the coarser of the two models' precisions.
  public var relativeTolerance: Double?
  /// The absolute difference that is always allowed.
  public var absoluteTolerance = 1e-6
  /// The architecture of the reference, if that holds weights only: a JSON file.
  public var architecture: String?
  /// Worker threads; 0 means all cores.
  public var threads = 0
  /// The seed of the inputs.
  public var seed: UInt64 = 0

  /// The defaults.
  public init() {}
}

/// The outputs of two models on the same random inputs, and the tensors on the way there.
public struct Comparison: Sendable {
  /// One output of both models.
  struct Output: Sendable {
    let name: String
    let difference: Difference
    let passed: Bool
  }

  let outputs: [Output]
  let layers: LayerComparison
  let samples: Int

  /// Whether every output is within the tolerance.
  public var passed: Bool { outputs.allSatisfy(\.passed) }

  /// Runs both models; inputs are matched by position, images in either layout.
  /// - Throws: `ConversionError` if one can't be read or run, or if their edges differ.
  public init(of candidate: String, with reference: String, _ options: ComparisonOptions)
    throws(ConversionError)
  {
    do {
      let truth = try SourceModel.read(reference, architecture: options.architecture).graph
      let other = try SourceModel.read(candidate).graph
      (outputs, layers) = try Comparison.run(truth, other, candidate, options)
      samples = options.samples
    } catch let error as any DiagnosticError {
      throw ConversionError(stage: "comparison", error)
    } catch {
      throw ConversionError(stage: "comparison", UnexpectedError(underlying: "\(error)"))
    }
  }

  private static func run(
    _ truth: Graph, _ other: Graph, _ candidate: String, _ options: ComparisonOptions
  ) throws -> ([Output], LayerComparison) {
    let place = Place.file(candidate)
    guard truth.inputs.count == other.inputs.count, truth.outputs.count == other.outputs.count
    else {
      throw ConversionFault(
        .options(
          "it has \(other.inputs.count) inputs and \(other.outputs.count) outputs, the reference "
            + "\(truth.inputs.count) and \(truth.outputs.count)"), at: place)
    }
    guard let parts = try RunnableParts(truth, other) else {
      throw ConversionFault(
        .options("nothing of it can be run, or it carries other nodes than the reference"),
        at: place)
    }
    let (truth, other) = (parts.reference, parts.result)
    let threads = WorkerThreads.count(options.threads)
    var random = RandomInputs(seed: options.seed)
    let batch =
      truth.inputs.first.flatMap { truth[$0].type.shape.first?.value }
      ?? max(1, options.samples)
    let shapes = try Evaluator.inputShapes(of: truth, batch: batch)
    let inputs = shapes.map { random.tensor(shape: $0, in: truth.inputRange) }
    let expected = try Evaluator(graph: truth, inputShapes: shapes, threads: threads).run(inputs)
    var given: [Tensor] = []
    for (tensor, id) in zip(inputs, other.inputs) {
      given.append(try fitted(tensor, to: other[id], place))
    }
    let found = try Evaluator(graph: other, inputShapes: given.map(\.shape), threads: threads)
      .run(given)
    let allowed =
      options.relativeTolerance ?? Verification.roundingTolerance(of: [truth, other])
    let layers = try LayerComparison(
      truth, other, inputs: inputs, candidateInputs: given, relative: allowed,
      absolute: options.absoluteTolerance, threads: threads)
    let outputs = zip(zip(found, expected), truth.outputs).map { pair, id in
      let difference = Difference(pair.0, reference: pair.1)
      return Output(
        name: truth[id].name, difference: difference,
        passed: difference.passes(
          relative: allowed, absolute: options.absoluteTolerance))
    }
    return (outputs, layers)
  }

  /// An input for a model that takes it as it is, or with its channels at the other end.
  private static func fitted(_ tensor: Tensor, to value: Value, _ place: Place) throws -> Tensor {
    func fits(_ shape: [Int]) -> Bool {
      shape.count == value.type.rank
        && zip(shape, value.type.shape).allSatisfy { $1.value == nil || $0 == $1.value }
    }
    if fits(tensor.shape) { return tensor }
    for order in ImageOrders.of(rank: tensor.shape.count).dropFirst() {
      let moved = tensor.permuted(order)
      if fits(moved.shape) { return moved }
    }
    throw ConversionFault(
      .options("input '\(value.name)' is \(value.type), the reference's is \(tensor.shape)"),
      at: place)
  }
}
