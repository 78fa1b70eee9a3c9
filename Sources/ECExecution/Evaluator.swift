import ECDiagnostics
public import ECGraph
import ECKernels
public import ECTensor

/// A graph prepared to run: forward, for inputs of fixed shapes.
///
/// It is prepared again after every change of the graph. It may move between threads but not run on
/// two at once.
public final class Evaluator {
  /// The shapes of the inputs, in the order of the graph's.
  public let inputShapes: [[Int]]
  /// The shapes of the outputs, in the order asked for.
  public let outputShapes: [[Int]]
  private let inputNames: [String]
  private let program: Program
  /// One constant of each mapped file that the graph reads.
  private let mapped: [Tensor]

  /// Prepares a graph for inputs of given shapes, in the order of the graph's inputs.
  /// - Parameter outputs: the values that `run` gives; the graph's outputs by default.
  /// - Throws: `ExecutionError` if a shape doesn't fit or an operator can't be run.
  public convenience init(
    graph: Graph, inputShapes: [[Int]], outputs: [ValueID]? = nil, threads: Int = 1,
    precision: Precision = .single
  ) throws(ExecutionError) {
    try self.init(
      graph, inputShapes, (outputs ?? graph.outputs).map { Tap(value: $0) }, threads: threads,
      precision: precision)
  }

  /// A value that is handed out, in row-major order or with one axis moved to the end.
  struct Tap: Equatable {
    var value: ValueID
    var last: Int?
  }

  convenience init(
    _ graph: Graph, _ inputShapes: [[Int]], _ taps: [Tap], threads: Int,
    precision: Precision = .single
  ) throws(ExecutionError) {
    try self.init(
      concrete: try graph.concrete(inputShapes), from: graph.inputs, inputShapes, taps,
      threads: threads, precision: precision)
  }

  /// Prepares the part of a graph, all of whose extents are numbers, behind given values.
  init(
    concrete: Graph, from given: [ValueID], _ shapes: [[Int]], _ taps: [Tap], threads: Int,
    precision: Precision = .single
  ) throws(ExecutionError) {
    inputNames = given.map { concrete[$0].name }
    mapped = concrete.mappedFiles
    inputShapes = shapes
    let lowering = GraphLowering(threads: threads, precision: precision)
    do throws(GraphError) {
      let values = try lowering.lower(concrete, from: given, shapes, for: taps.map(\.value))
      var outputShapes: [[Int]] = []
      for (tap, value) in zip(taps, values) {
        var shape = value.shape
        if let last = tap.last { shape.append(shape.remove(at: last)) }
        outputShapes.append(shape)
        lowering.output(value, last: tap.last)
      }
      self.outputShapes = outputShapes
    } catch {
      throw ExecutionError(.kernel(error.what), at: error.place)
    }
    do throws(KernelError) {
      program = try lowering.finish()
    } catch {
      throw ExecutionError(.kernel(error.what), at: error.place)
    }
  }

  deinit {
    for tensor in mapped { tensor.releasePages() }
  }

  /// The bytes of activations and weights that the program holds.
  public var byteCount: Int { program.peakByteCount }

  /// Runs the graph once.
  /// - Returns: the outputs, row-major.
  /// - Throws: `ExecutionError` if an input has another shape or a kernel fails.
  public func run(_ inputs: [Tensor]) throws(ExecutionError) -> [Tensor] {
    guard inputs.count == inputShapes.count else {
      throw ExecutionError(.inputCount(found: inputs.count, expected: inputShapes.count))
    }
    for (k, tensor) in inputs.enumerated() where tensor.shape != inputShapes[k] {
      throw ExecutionError(
        .inputShape(input: inputNames[k], found: tensor.shape, expected: inputShapes[k]))
    }
    return try open(inputs, [])
  }

  /// Opens one input after the other for reading, then goes on with the outputs.
  private func open(
    _ inputs: [Tensor], _ opened: [UnsafeBufferPointer<Float>]
  ) throws(ExecutionError) -> [Tensor] {
    guard opened.count < inputs.count else { return try fill(opened, []) }
    return try inputs[opened.count].withFloats { (floats) throws(ExecutionError) in
      try open(inputs, opened + [floats])
    }
  }

  /// Makes one output after the other, then runs the program into them.
  private func fill(
    _ inputs: [UnsafeBufferPointer<Float>], _ made: [UnsafeMutableBufferPointer<Float>]
  ) throws(ExecutionError) -> [Tensor] {
    guard made.count < outputShapes.count else {
      do throws(KernelError) {
        try program.run(inputs: inputs, outputs: made)
      } catch {
        throw ExecutionError(.kernel(error.what), at: error.place)
      }
      return []
    }
    var later: [Tensor] = []
    let tensor = try Tensor(shape: outputShapes[made.count]) { (floats) throws(ExecutionError) in
      later = try fill(inputs, made + [floats])
    }
    return [tensor] + later
  }

  /// The concrete shapes of a graph's inputs for a batch.
  /// - Throws: `ExecutionError.openExtent` if another extent is unknown, and `.memory` if a run of the
  ///   graph surely takes more than the machine has.
  public static func inputShapes(of graph: Graph, batch: Int) throws(ExecutionError) -> [[Int]] {
    var shapes: [[Int]] = []
    for id in graph.inputs {
      var shape: [Int] = []
      for (axis, extent) in graph[id].type.shape.enumerated() {
        if let number = extent.value {
          shape.append(number)
        } else if axis == 0 {
          shape.append(batch * (extent.symbol?.factor ?? 1))
        } else {
          throw ExecutionError(.openExtent(input: graph[id].name, axis: axis))
        }
      }
      shapes.append(shape)
    }
    try MachineMemory.check(graph.largestByteCount(batch: batch))
    return shapes
  }
}
