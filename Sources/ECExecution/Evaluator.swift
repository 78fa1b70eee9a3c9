import ECDiagnostics
public import ECGraph
import ECKernels
public import ECTensor

/// Runs a graph on tensors: float32, forward, on one batch size.
public struct Evaluator {
  private let program: Program
  private let inputNames: [String]
  private let inputShapes: [[Int]]

  /// Prepares a graph for inputs of given shapes, in the order of the graph's inputs.
  /// - Parameter outputs: the values that `run` gives; the graph's outputs by default.
  /// - Throws: `ExecutionError` if a shape doesn't fit or an operator can't be run.
  public init(
    graph: Graph, inputShapes: [[Int]], outputs: [ValueID]? = nil, threads: Int = 1
  ) throws(ExecutionError) {
    guard inputShapes.count == graph.inputs.count else {
      throw ExecutionError(
        .inputCount(found: inputShapes.count, expected: graph.inputs.count))
    }
    let wanted = outputs ?? graph.outputs
    var concrete = graph
    for (id, shape) in zip(graph.inputs, inputShapes) {
      concrete.setInputType(
        id, ValueType(graph[id].type.elementType, shape.map { .fixed($0) }))
    }
    let needed = Evaluator.needed(graph, wanted)
    let kernels = GraphLowering(threads: threads)
    var values: [ValueID: KernelValue] = [:]
    for (id, shape) in zip(graph.inputs, inputShapes) { values[id] = kernels.input(shape) }
    do throws(GraphError) {
      try concrete.retype()
      for node in concrete.nodes where needed.contains(node.id) {
        kernels.enter(node: node)
        for input in node.inputs {
          if let input, values[input] == nil, let tensor = concrete.constant(input) {
            values[input] = kernels.constant(tensor)
          }
        }
        let results = try node.op.lower(
          node.inputs.map { $0.flatMap { values[$0] } }, concrete.operands(of: node),
          into: kernels)
        for (output, result) in zip(node.outputs, results) { values[output] = result }
      }
    } catch {
      throw ExecutionError(.kernel(error.what), at: error.place)
    }
    for id in wanted {
      if values[id] == nil, let tensor = concrete.constant(id) {
        values[id] = kernels.constant(tensor)
      }
      if let value = values[id] { kernels.output(value) }
    }
    do throws(KernelError) {
      program = try kernels.finish()
    } catch {
      throw ExecutionError(.kernel(error.what), at: error.place)
    }
    inputNames = graph.inputs.map { graph[$0].name }
    self.inputShapes = inputShapes
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
    do throws(KernelError) {
      let results = try program.run(inputs.map { $0.floats() })
      return zip(results, program.outputDims).map { Tensor($0, shape: $1) }
    } catch {
      throw ExecutionError(.kernel(error.what), at: error.place)
    }
  }

  /// The concrete shapes of a graph's inputs for a batch.
  /// - Throws: `ExecutionError.openExtent` if another extent is unknown.
  public static func inputShapes(of graph: Graph, batch: Int) throws(ExecutionError) -> [[Int]] {
    var shapes: [[Int]] = []
    for id in graph.inputs {
      var shape: [Int] = []
      for (axis, extent) in graph[id].type.shape.enumerated() {
        if let number = extent.value {
          shape.append(number)
        } else if axis == 0 {
          shape.append(batch)
        } else {
          throw ExecutionError(.openExtent(input: graph[id].name, axis: axis))
        }
      }
      shapes.append(shape)
    }
    return shapes
  }

  /// The nodes that wanted values depend on.
  private static func needed(_ graph: Graph, _ wanted: [ValueID]) -> Set<NodeID> {
    var live = Set(wanted)
    var nodes: Set<NodeID> = []
    for node in graph.nodes.reversed() where node.outputs.contains(where: live.contains) {
      nodes.insert(node.id)
      live.formUnion(node.inputs.compactMap { $0 })
    }
    return nodes
  }
}
