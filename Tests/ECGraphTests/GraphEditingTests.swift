import ECGraph
import ECOperators
import ECTensor
import Testing

@Suite struct GraphEditingTests {
  /// x [batch, 2, 3] -> a = Flatten -> b = Reshape [3, 2], with b as the output.
  private func chain() throws -> (graph: Graph, x: ValueID, a: NodeID, b: NodeID) {
    var graph = Graph(name: "chain")
    let x = graph.addInput("x", ValueType(.float32, [.symbolic("batch"), 2, 3]))
    let a = try graph.insert(Flatten(), name: "a", inputs: [x], origin: "a")
    let b = try graph.insert(
      Reshape(target: [3, 2]), name: "b", inputs: graph[a].outputs.map { $0 }, origin: "b")
    graph.addOutput(graph[b].outputs[0])
    return (graph, x, a, b)
  }

  @Test func `names are unique, and free again once their value left`() throws {
    var (graph, x, _, b) = try chain()
    let first = try graph.insert(Flatten(), name: "a", inputs: [x], origin: "")
    let second = try graph.insert(Flatten(), name: "a", inputs: [x], origin: "")
    #expect(graph[graph[first].outputs[0]].name == "a_1")
    #expect(graph[graph[second].outputs[0]].name == "a_2")
    #expect(graph[second].name == "a_2")
    graph.remove(first)
    let y = graph[b].outputs[0]
    graph.rename(y, to: "a_1")
    #expect(graph[y].name == "a_1")
    graph.rename(y, to: "x")
    #expect(graph[y].name == "x_1")
    graph.rename(y, to: "")
    #expect(graph[y].name == "value")
    try graph.verify()
  }

  @Test func `readers and outputs change to another value`() throws {
    var (graph, x, a, b) = try chain()
    let other = try graph.insert(Flatten(), name: "c", inputs: [x], origin: "", before: b)
    graph.replaceUses(of: graph[a].outputs[0], with: graph[other].outputs[0])
    #expect(graph[b].inputs == [graph[other].outputs[0]])
    graph.remove([a])
    try graph.verify()
    graph.replaceUses(of: graph[b].outputs[0], with: x)
    #expect(graph.outputs == [x])
    try graph.verify()
  }

  @Test func `operands that are computed later are found, and sorting mends them`() throws {
    var (graph, x, a, b) = try chain()
    let late = try graph.insert(Flatten(), name: "late", inputs: [x], origin: "")
    graph.setInput(b, 0, graph[late].outputs[0])
    #expect(throws: GraphError(.operandNotAvailable).at(node: "b")) { try graph.verify() }
    graph.sortTopologically()
    #expect(graph.order == [a, late, b])
    try graph.verify()
  }

  @Test func `types that are out of date are found, and inferred anew`() throws {
    var (graph, x, a, b) = try chain()
    graph.setInputType(x, ValueType(.float32, [5, 2, 3]))
    #expect(
      throws: GraphError(
        .typeDiffers(
          value: "a", stored: ValueType(.float32, [.symbolic("batch"), 6]),
          inferred: ValueType(.float32, [5, 6]))
      ).at(node: "a")
    ) { try graph.verify() }
    try graph.retype()
    try graph.verify()
    #expect(graph[graph[b].outputs[0]].type == ValueType(.float32, [5, 3, 2]))
    graph.setInputType(x, ValueType(.float32, [5, 7]))
    #expect(
      throws: GraphError(.elementCount(from: [5, 7], to: [3, 2])).at(node: "b")
    ) { try graph.retype() }
    #expect(graph[graph[a].outputs[0]].type == ValueType(.float32, [5, 7]))
  }

  @Test func `a graph needs an output that exists`() throws {
    var graph = Graph(name: "empty")
    #expect(throws: GraphError(.noOutput)) { try graph.verify() }
    let c = graph.addConstant("c", Tensor([1, 2], shape: [2]))
    graph.addOutput(c)
    try graph.verify()
    #expect(graph.parameterCount == 2)
  }

  @Test func `an operator that refuses is named by its origin`() throws {
    var (graph, x, _, _) = try chain()
    let before = graph.text
    #expect(
      throws: GraphError(.rank(operand: 0, expected: 2, found: 3)).at(node: "layer")
    ) {
      try graph.insert(Transpose(order: [0, 1]), name: "t", inputs: [x], origin: "layer")
    }
    #expect(graph.text == before)
  }

  @Test func `a copy doesn't follow its original`() throws {
    var (graph, _, a, _) = try chain()
    let copy = graph
    graph.rename(graph[a].outputs[0], to: "renamed")
    #expect(copy.value(named: "a") == graph[a].outputs[0])
    #expect(graph.value(named: "a") == nil)
  }

  @Test func `parameters that nobody reads don't count`() throws {
    var (graph, _, _, b) = try chain()
    graph.addConstant("unused", Tensor([1, 2, 3], shape: [3]))
    let scale = graph.addConstant("scale", Tensor([1, 2], shape: [2]))
    let y = try graph.insert(
      Elementwise(kind: .multiply), name: "y", inputs: [graph[b].outputs[0], scale], origin: "")
    _ = try graph.insert(
      Elementwise(kind: .add), name: "z", inputs: [graph[y].outputs[0], scale], origin: "")
    #expect(graph.parameterCount == 2)
    let readers = graph.consumers()
    #expect(readers[scale]?.map(\.operand) == [1, 1])
  }

  @Test func `sizes that nothing could hold are refused, not reckoned with`() {
    for extent in [1 << 41, .max] {
      var graph = Graph(name: "huge")
      let x = graph.addInput("x", ValueType(.float32, [.symbolic("batch"), .fixed(extent), 8]))
      #expect(throws: GraphError.self) {
        try graph.insert(Flatten(), name: "a", inputs: [x], origin: "")
      }
    }
    #expect((1 << 40).times(1 << 40) == Int.max)
    #expect(Int.max.plus(1) == Int.max)
    #expect(3.times(4).plus(5) == 17)
  }
}
