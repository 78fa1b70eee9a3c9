import ECDiagnostics
import ECGraph

extension GraphLowering {
  /// The values of a graph that are treated in a special way.
  struct Special {
    /// Constants that the program takes as inputs, behind the given values and in this order.
    var weights: [ValueID] = []
    /// Values whose gradients are asked for: none shares its buffer with one before it.
    var separate: Set<ValueID> = []
    /// Operands that get buffers of their own, so that their gradients are those through one reader.
    var readings: Set<Reading> = []
  }

  /// Lowers the nodes that lie between given values and wanted ones, and gives the wanted ones.
  func lower(
    _ graph: Graph, from given: [ValueID], _ shapes: [[Int]], for wanted: [ValueID]
  ) throws(GraphError) -> [KernelValue] {
    var faults: [GraphError] = []
    let values = lower(graph, from: given, shapes, for: wanted, Special(), &faults)
    if let fault = faults.first { throw fault }
    var found: [KernelValue] = []
    for id in wanted {
      guard let value = values[id] ?? graph.constant(id).map({ constant($0) }) else {
        throw GraphError(.noOutput)
      }
      found.append(value)
    }
    return found
  }

  /// Lowers what it can, and keeps what operators refuse.
  func lower(
    _ graph: Graph, from given: [ValueID], _ shapes: [[Int]], for wanted: [ValueID],
    _ special: Special, _ faults: inout [GraphError]
  ) -> [ValueID: KernelValue] {
    var values: [ValueID: KernelValue] = [:]
    var lost: Set<ValueID> = []
    for (id, shape) in zip(given, shapes) { values[id] = input(shape) }
    for id in special.weights {
      if let tensor = graph.constant(id) { values[id] = input(tensor.shape) }
    }
    for node in graph.nodes(neededFor: wanted, given: Set(given)) {
      guard lost.isDisjoint(with: node.inputs.compactMap { $0 }) else {
        lost.formUnion(node.outputs)
        continue
      }
      for case .some(let input) in node.inputs where values[input] == nil {
        if let tensor = graph.constant(input) { values[input] = constant(tensor) }
      }
      enter(node: node)
      let results: [KernelValue]
      do {
        let operands = node.inputs.enumerated().map { position, input in
          read(
            input.flatMap { values[$0] }, by: Reading(node: node.id, operand: position), special)
        }
        results = try node.op.lower(operands, graph.operands(of: node), into: self)
      } catch {
        faults.append(error.at(node: node.name))
        lost.formUnion(node.outputs)
        continue
      }
      for (output, result) in zip(node.outputs, results) {
        // Kernels compute in float32; what is stored as float16 between them is rounded.
        let isHalf = graph[output].type.elementType == .float16
        let value = isHalf ? converted(result, to: .float16) : result
        values[output] = special.separate.contains(output) ? separated(value, values) : value
      }
    }
    return values
  }

  /// An operand as its node reads it: a copy, where the gradient through that node alone is wanted.
  private func read(_ x: KernelValue?, by reading: Reading, _ special: Special) -> KernelValue? {
    guard let x, special.readings.contains(reading) else { return x }
    let (buffer, order) = stored(x)
    let copy = value(
      kernel { $0.eltwise(.linear(alpha: 1, beta: 0), buffer) }, order: order)
    readings[reading] = copy
    return copy
  }

  /// A value in a buffer of its own, so that its gradient isn't that of another one as well.
  private func separated(_ x: KernelValue, _ others: [ValueID: KernelValue]) -> KernelValue {
    let (buffer, order) = stored(x)
    let isShared = others.values.contains { tensor($0) == nil && stored($0).buffer == buffer }
    return isShared
      ? value(kernel { $0.eltwise(.linear(alpha: 1, beta: 0), buffer) }, order: order) : x
  }
}
