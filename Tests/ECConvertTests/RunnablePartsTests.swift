import ECConvert
import ECExecution
import ECGraph
import ECOperators
import ECTensor
import Testing

/// Comparing two graphs that end in a softmax.
@Suite struct RunnablePartsTests {
  /// x [?, 3] -> times constants -> softmax, saturated by the first class.
  private func classifier(_ factors: [Float]) throws -> Graph {
    var graph = Graph(name: "classifier")
    let x = graph.addInput("x", ValueType(.float32, [.symbolic("batch"), 3]))
    let constant = graph.addConstant("factors", Tensor(factors, shape: [3]))
    let product = try graph.insert(
      Elementwise(kind: .multiply), name: "logits", inputs: [x, constant], origin: "")
    let softmax = try graph.insert(
      Softmax(axis: 1), name: "softmax", inputs: [graph[product].outputs[0]], origin: "")
    graph.addOutput(graph[softmax].outputs[0])
    return graph
  }

  @Test func `logits tell what a saturated softmax hides`() throws {
    let (truth, other) = (try classifier([900, 1, 1]), try classifier([900, 1, 450]))
    let parts = try #require(try RunnableParts(truth, other, withLogits: true))
    #expect(parts.logitCount == 1)
    let x = Tensor([1, 1, 1] as [Float], shape: [1, 3])
    func run(_ graph: Graph) throws -> [Tensor] {
      try Evaluator(graph: graph, inputShapes: [[1, 3]]).run([x])
    }
    let (expected, found) = (try run(parts.reference), try run(parts.result))
    #expect(expected[0].floats() == found[0].floats())
    #expect(Difference(found[1], reference: expected[1]).relative > 0.4)
  }

  @Test func `outputs alone are compared unless logits are asked for`() throws {
    let graph = try classifier([1, 1, 1])
    let parts = try #require(try RunnableParts(graph, graph))
    #expect(parts.logitCount == 0 && parts.reference.outputs.count == 1)
  }
}
