import ECGraph

extension GraphLowering {
  /// Lowers the nodes that lie between given values and wanted ones, and gives the wanted ones.
  func lower(
    _ graph: Graph, from given: [ValueID], _ shapes: [[Int]], for wanted: [ValueID]
  ) throws(GraphError) -> [KernelValue] {
    var values: [ValueID: KernelValue] = [:]
    for (id, shape) in zip(given, shapes) { values[id] = input(shape) }
    for node in graph.nodes(neededFor: wanted, given: Set(given)) {
      for case .some(let input) in node.inputs where values[input] == nil {
        if let tensor = graph.constant(input) { values[input] = constant(tensor) }
      }
      enter(node: node)
      let results: [KernelValue]
      do {
        results = try node.op.lower(
          node.inputs.map { $0.flatMap { values[$0] } }, graph.operands(of: node), into: self)
      } catch {
        throw error.at(node: node.name)
      }
      for (output, result) in zip(node.outputs, results) {
        // Kernels compute in float32; what is stored as float16 between them is rounded.
        let isHalf = graph[output].type.elementType == .float16
        values[output] = isHalf ? converted(result, to: .float16) : result
      }
    }
    var found: [KernelValue] = []
    for id in wanted {
      guard let value = values[id] ?? graph.constant(id).map({ constant($0) }) else {
        throw GraphError(.noOutput)
      }
      found.append(value)
    }
    return found
  }
}
