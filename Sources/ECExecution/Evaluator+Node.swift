import ECDiagnostics
public import ECGraph
public import ECTensor

extension Evaluator {
  /// The first result of one node of a graph, computed on given activations; constants are its own.
  ///
  /// Activations may have other extents than in the graph, as long as the operator accepts them.
  /// - Throws: `ExecutionError` if it doesn't, or can't be run.
  public static func result(
    of node: Node, in graph: Graph, on activations: [ValueID: Tensor]
  ) throws(ExecutionError) -> Tensor {
    var single = Graph(name: "node")
    var known: [ValueID: ValueID] = [:]
    var order: [Tensor] = []
    for input in node.inputs.compactMap({ $0 }) where known[input] == nil {
      if let tensor = activations[input] {
        known[input] = single.addInput("x\(order.count)", ValueType(tensor))
        order.append(tensor)
      } else if let tensor = graph.constant(input) {
        known[input] = single.addConstant(graph[input].name, tensor)
      }
    }
    do throws(GraphError) {
      let id = try single.insert(
        node.op, name: node.name, inputs: node.inputs.map { $0.flatMap { known[$0] } },
        origin: node.origin)
      single.addOutput(single[id].outputs[0])
    } catch {
      throw ExecutionError(.kernel(error.what), at: error.place)
    }
    return try Evaluator(graph: single, inputShapes: order.map(\.shape)).run(order)[0]
  }
}
