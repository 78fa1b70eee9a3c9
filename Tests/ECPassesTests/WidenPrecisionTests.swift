import ECExecution
import ECGraph
import ECOperators
import ECPasses
import ECTensor
import Testing

@Suite struct WidenPrecisionTests {
  @Test func `what half precision computed is computed in float32`() throws {
    var layers = Layers()
    let c = try layers.conv(layers.input([6, 6, 3]), "c", 4)
    layers.graph.addOutput(try layers.dense(layers.plain("Flatten", c, "f"), "d", 5))
    var graph = layers.graph
    _ = try ReducePrecision(magnitudes: [:]).run(on: &graph)
    _ = try WidenPrecision().run(on: &graph)
    _ = try CancelCasts().run(on: &graph)
    _ = try RemoveUnused().run(on: &graph)
    try graph.verify()
    #expect(graph.operators == layers.graph.operators)
    #expect(graph.outputNames == ["d"])
    let inputs = try layers.graph.samples()
    let difference = Difference(
      try graph.run(inputs)[0], reference: try layers.graph.run(inputs)[0])
    #expect(difference.passes(relative: 1e-3, absolute: 0))
    #expect(difference.absolute > 0, "weights stay rounded")
  }

  @Test func `an edge in half precision keeps its types`() throws {
    var graph = Graph(name: "half")
    let x = graph.addInput("x", ValueType(.float16, [.fixed(2), .fixed(3)]))
    let node = try graph.insert(
      Activation(kind: .relu), name: "y", inputs: [x], origin: "test")
    graph.addOutput(graph[node].outputs[0])
    _ = try WidenPrecision().run(on: &graph)
    try graph.verify()
    #expect(graph.operators == ["Cast", "Relu", "Cast"])
    #expect(graph[graph[node].outputs[0]].type.elementType == .float32)
    #expect(graph[graph.outputs[0]].type.elementType == .float16)
    #expect(graph.outputNames == ["y"])
  }
}
