import ECExecution
import ECGraph
import ECONNX
import ECOperators
import ECTensor
import ECTestSupport
import Testing

@Suite struct RoundTripTests {
  /// The graph as it is read back from a file.
  private func reread(_ graph: Graph, opset: Int) throws -> Graph {
    let folder = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(folder) }
    var options = ONNXExportOptions()
    options.opset = opset
    let path = "\(folder)/model.onnx"
    try ONNXExporter(options: options).write(graph, toFile: path)
    return try ONNXImporter(table: .standard).model(contentsOf: path).graph
  }

  private func outputs(_ graph: Graph) throws -> [Tensor] {
    let shapes = try Evaluator.inputShapes(of: graph, batch: 2)
    let inputs = shapes.enumerated().map { random($1, seed: UInt64($0 + 5)) }
    return try Evaluator(graph: graph, inputShapes: shapes).run(inputs)
  }

  @Test(arguments: [13, 20, 24])
  func `operators are read back as they were written`(opset: Int) throws {
    for sample in try Sample.all() {
      let again = try reread(sample.graph, opset: opset)
      let (found, expected) = (try outputs(again), try outputs(sample.graph))
      #expect(found.count == expected.count)
      for (a, b) in zip(found, expected) {
        #expect(
          Difference(a, reference: b).passes(relative: 1e-6, absolute: 1e-6), "\(sample.name)")
      }
      // Older operator sets spell some functions in several nodes.
      if again.nodes.count == 1 { #expect(again.text == sample.graph.text, "\(sample.name)") }
      if opset >= 24 { #expect(again.nodes.count == 1, "\(sample.name)") }
    }
  }

  @Test(arguments: ["swish", "gelu", "mish", "relu6", "hard_sigmoid", "softplus", "log_softmax"])
  func `activations of Keras mean the same when read back`(_ name: String) throws {
    var drawing = Drawing()
    let x = drawing.input([5])
    let y = try drawing.keras("Activation", [x], ["activation": .string(name)])
    drawing.graph.addOutput(y)
    for opset in [13, 22] {
      let again = try reread(drawing.graph, opset: opset)
      expectEqual(try outputs(again)[0], try outputs(drawing.graph)[0], within: 1e-6)
    }
  }

  @Test func `normalization along another axis than the first is spelled in two nodes`() throws {
    var drawing = Drawing()
    let x = drawing.input([3, 2])
    let y = try drawing.keras(
      "BatchNormalization", [x], [:],
      weights: [
        "gamma": random([2]), "beta": random([2], seed: 2), "moving_mean": random([2], seed: 3),
        "moving_variance": random([2], in: 0.5...1),
      ])
    drawing.graph.addOutput(y)
    let again = try reread(drawing.graph, opset: 17)
    #expect(again.nodes.map(\.op.name) == ["Mul", "Add"])
    expectEqual(try outputs(again)[0], try outputs(drawing.graph)[0])
  }
}
