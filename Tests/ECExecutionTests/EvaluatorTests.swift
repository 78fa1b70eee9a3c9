import ECExecution
import ECGraph
import ECTensor
import Testing

/// x [?, 3] -> a = 2x -> b = a + 1, with a second branch that can't be lowered.
private func chain() throws -> (graph: Graph, a: ValueID, b: ValueID) {
  var graph = Graph(name: "chain")
  let x = graph.addInput("x", ValueType(.float32, [.symbolic("batch"), 3]))
  func step(_ name: String, _ input: ValueID, _ kind: UnaryKernel) throws -> ValueID {
    let node = try graph.insert(
      KernelOperator([2, 3]) { v, builder in builder.unary(kind, v[0]) }, name: name,
      inputs: [input], origin: "")
    return graph[node].outputs[0]
  }
  let a = try step("a", x, .linear(scale: 2, shift: 0))
  let b = try step("b", a, .linear(scale: 1, shift: 1))
  graph.addOutput(b)
  return (graph, a, b)
}

@Test func `values inside the graph and inputs can be asked for`() throws {
  let (graph, a, b) = try chain()
  let evaluator = try Evaluator(
    graph: graph, inputShapes: [[2, 3]], outputs: [b, graph.inputs[0], a, b])
  let x = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
  let results = try evaluator.run([x])
  #expect(
    results.map { $0.floats() } == [
      [3, 5, 7, 9, 11, 13], [1, 2, 3, 4, 5, 6], [2, 4, 6, 8, 10, 12], [3, 5, 7, 9, 11, 13],
    ])
  #expect(evaluator.outputShapes == [[2, 3], [2, 3], [2, 3], [2, 3]])
}

@Test func `an evaluator runs again with other numbers`() throws {
  let (graph, _, _) = try chain()
  let evaluator = try Evaluator(graph: graph, inputShapes: [[2, 3]], threads: 2)
  for seed in 1...3 {
    let x = random([2, 3], seed: UInt64(seed))
    #expect(try evaluator.run([x])[0].floats() == x.floats().map { 2 * $0 + 1 })
  }
}

@Test func `inputs may be views and other numbers than float32`() throws {
  let (graph, _, _) = try chain()
  let evaluator = try Evaluator(graph: graph, inputShapes: [[2, 3]])
  let view = Tensor([1, 4, 2, 5, 3, 6], shape: [3, 2]).permuted([1, 0])
  #expect(try evaluator.run([view])[0].floats() == [3, 5, 7, 9, 11, 13])
  let whole = Tensor([1, 2, 3, 4, 5, 6] as [Int], shape: [2, 3])
  #expect(try evaluator.run([whole])[0].floats() == [3, 5, 7, 9, 11, 13])
}

@Test func `inputs that don't fit are named`() throws {
  let (graph, _, _) = try chain()
  let evaluator = try Evaluator(graph: graph, inputShapes: [[2, 3]])
  #expect(throws: ExecutionError(.inputCount(found: 0, expected: 1))) { try evaluator.run([]) }
  #expect(throws: ExecutionError(.inputShape(input: "x", found: [3, 2], expected: [2, 3]))) {
    try evaluator.run([random([3, 2])])
  }
  #expect(throws: ExecutionError(.inputShape(input: "x", found: [2, 4], expected: [-1, 3]))) {
    try Evaluator(graph: graph, inputShapes: [[2, 4]])
  }
}

@Test func `the batch stands for the first axis only`() throws {
  let (graph, _, _) = try chain()
  #expect(try Evaluator.inputShapes(of: graph, batch: 7) == [[7, 3]])
  var open = Graph(name: "open")
  open.addInput("image", ValueType(.float32, [.symbolic("n"), .symbolic("h"), 4, 3]))
  #expect(throws: ExecutionError(.openExtent(input: "image", axis: 1))) {
    try Evaluator.inputShapes(of: open, batch: 1)
  }
}

@Test func `nodes that no output needs aren't lowered`() throws {
  var (graph, a, _) = try chain()
  let broken = KernelOperator([2, 3]) { v, builder in
    builder.slice(v[0], starts: [5, 5], counts: [9, 9], steps: [1, 1])
  }
  let node = try graph.insert(broken, name: "broken", inputs: [a], origin: "")
  _ = try Evaluator(graph: graph, inputShapes: [[2, 3]])
  graph.addOutput(graph[node].outputs[0])
  let error = #expect(throws: ExecutionError.self) {
    try Evaluator(graph: graph, inputShapes: [[2, 3]])
  }
  #expect(error?.place.description == "node 'broken'")
}
