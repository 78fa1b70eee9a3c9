import ECExecution
import ECGraph
import ECOperators
import ECPasses
import ECTensor
import Testing

@Suite struct ReducePrecisionTests {
  private func reduced(_ graph: Graph, _ magnitudes: [ValueID: Float] = [:]) throws -> (
    graph: Graph, notes: [String]
  ) {
    var result = graph
    let notes = try ReducePrecision(magnitudes: magnitudes).run(on: &result).notes
    try result.verify()
    return (result, notes)
  }

  private func types(_ graph: Graph, _ name: String) throws -> [String] {
    let node = try #require(graph.nodes.first { $0.name == name })
    return (node.inputs.compactMap { $0 } + node.outputs).map { graph[$0].type.elementType.name }
  }

  @Test func `what computes is halved and the edge stays`() throws {
    var layers = Layers()
    let c = try layers.conv(layers.input([6, 6, 3]), "c", 4)
    let d = try layers.dense(layers.plain("Flatten", layers.relu(c, "r"), "f"), "d", 5)
    layers.graph.addOutput(try layers.plain("Softmax", d, "s"))
    let (graph, notes) = try reduced(layers.graph)
    #expect(notes.isEmpty)
    #expect(graph.operators == ["Cast", "Conv", "Relu", "Flatten", "Dense", "Cast", "Softmax"])
    #expect(Set(try types(graph, "c")) == ["float16"])
    #expect(try types(graph, "f") == ["float16", "float16"])
    #expect(try types(graph, "s") == ["float32", "float32"])
    #expect(graph[graph.inputs[0]].type == layers.graph[layers.graph.inputs[0]].type)
    #expect(graph.outputNames == ["s"])
    let inputs = try layers.graph.samples()
    let difference = Difference(
      try graph.run(inputs)[0], reference: try layers.graph.run(inputs)[0])
    #expect(difference.passes(relative: 1e-2, absolute: 0))
    #expect(difference.absolute > 0, "numbers are rounded")
  }

  @Test func `an output in half precision is cast back under its name`() throws {
    var layers = Layers()
    layers.graph.addOutput(try layers.conv(layers.input([6, 6, 3]), "c", 4))
    let (graph, _) = try reduced(layers.graph)
    #expect(graph.operators == ["Cast", "Conv", "Cast"])
    #expect(graph.outputNames == ["c"])
    #expect(graph[graph.outputs[0]].type.elementType == .float32)
  }

  @Test func `weights and results out of range keep their layer in float32`() throws {
    var layers = Layers()
    let x = layers.input([6, 6, 3])
    let a = try layers.conv(x, "a", 4)
    let b = try layers.conv(a, "b", 4)
    layers.graph.addOutput(try layers.conv(b, "c", 4))
    let kernel = try #require(layers.graph.nodes[0].inputs[1])
    layers.graph.setConstant(
      kernel, Tensor([Float](repeating: 1e5, count: 108), shape: [4, 3, 3, 3]))
    let (graph, notes) = try reduced(layers.graph, [b: 50000])
    #expect(try types(graph, "a").allSatisfy { $0 == "float32" })
    #expect(graph.operators == ["Conv", "Conv", "Conv"])
    #expect(notes.count == 3)
    #expect(notes[0].contains("'a'") && notes[0].contains("100000"))
    #expect(notes[1].contains("'b'") && notes[1].contains("50000"))
    #expect(notes[2].contains("'c'"), "it reads what is out of range")
  }

  @Test func `a weight below the range keeps its layer in float32`() throws {
    var layers = Layers()
    layers.graph.addOutput(try layers.conv(layers.input([6, 6, 3]), "a", 4))
    let kernel = try #require(layers.graph.nodes[0].inputs[1])
    layers.graph.setConstant(
      kernel, Tensor([Float](repeating: 1e-6, count: 108), shape: [4, 3, 3, 3]))
    let (graph, notes) = try reduced(layers.graph)
    #expect(graph.operators == ["Conv"])
    #expect(notes.count == 1)
  }

  @Test func `a weight that a float32 layer reads too is kept beside its half`() throws {
    var layers = Layers()
    let x = layers.input([6, 6, 3])
    let a = try layers.conv(x, "a", 3)
    let b = try layers.conv(a, "b", 3)
    let kernel = try #require(layers.graph.nodes[0].inputs[1])
    layers.graph.setInput(layers.graph.nodes[1].id, 1, kernel)
    layers.graph.addOutput(b)
    let (graph, _) = try reduced(layers.graph, [b: 1e6])
    #expect(try types(graph, "a")[1] == "float16")
    #expect(try types(graph, "b")[1] == "float32")
  }
}

@Suite struct MoveInputChannelsTests {
  @Test func `an input comes in another order and its readers see the old one`() throws {
    var layers = Layers()
    let x = layers.input([6, 5, 3])
    layers.graph.addOutput(try layers.conv(x, "a", 4))
    layers.graph.addOutput(try layers.relu(x, "b"))
    let graph = try expectKept(
      layers.graph, [MoveInputChannels(orders: [[0, 3, 1, 2]])], movesInputs: true)
    #expect(graph[graph.inputs[0]].type.shape.dropFirst().map(\.value) == [3, 6, 5])
    #expect(graph.operators.filter { $0 == "Transpose" }.count == 1)
  }
}
