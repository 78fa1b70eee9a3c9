import ECGraph
import ECKeras
import ECOperators
import ECTensor
import Testing

@Suite struct FunctionalExporterTests {
  /// Two branches that meet, the longer one first named with slashes.
  private func branches(_ names: (String, String, String)) throws -> Graph {
    var graph = Graph(name: "main graph")
    let x = graph.addInput("pixel values", ValueType(.float32, [.symbolic("n"), 4, 4, 2]))
    func apply(_ op: any Operator, _ name: String, _ inputs: [ValueID]) throws -> ValueID {
      let node = try graph.insert(op, name: name, inputs: inputs, origin: name)
      return graph[node].outputs[0]
    }
    let a = try apply(Transpose(order: [0, 2, 1, 3]), names.0, [x])
    let b = try apply(Flatten(), names.1, [a])
    let c = try apply(Flatten(), names.2, [x])
    graph.addOutput(try apply(Elementwise(kind: .add), "sum", [c, b]))
    return graph
  }

  private func names(_ document: KerasDocument) -> [String] { document.layers.map(\.name) }

  @Test func `names that Keras takes are kept, others become such`() throws {
    let graph = try branches(("/a/b", "a_b", "_c"))
    let document = try FunctionalExporter(table: .standard, dialect: .keras2).document(of: graph)
    #expect(
      Set(names(document)) == ["pixel_values", "a_b_1", "a_b", "layer_c", "sum"])
    #expect(document.architecture.object?["config"]?.object?["name"]?.string == "main_graph")
  }

  @Test func `layers stand in the order in which Keras makes them`() throws {
    let graph = try branches(("swap", "long", "short"))
    let document = try FunctionalExporter(table: .standard, dialect: .keras2).document(of: graph)
    #expect(names(document) == ["pixel_values", "swap", "short", "long", "sum"])
  }

  @Test func `Keras 3 is told the types of tensors`() throws {
    let graph = try branches(("swap", "long", "short"))
    let document = try FunctionalExporter(table: .standard, dialect: .keras3).document(of: graph)
    let text = document.architecture.json()
    #expect(text.contains(#""shape":[null,32],"dtype":"float32","keras_history":["long",0,0]"#))
    #expect(text.contains(#""batch_shape":[null,4,4,2]"#))
    #expect(!text.contains("batch_input_shape"))
  }

  @Test func `everything that can't be said is listed`() throws {
    var graph = try branches(("swap", "long", "short"))
    let sum = graph.outputs[0]
    let odd = try graph.insert(
      Elementwise(kind: .divide), name: "odd", inputs: [sum, sum], origin: "odd")
    graph.addOutput(graph[odd].outputs[0])
    graph.addOutput(graph.addConstant("seven", Tensor(scalar: 7)))
    #expect(throws: KerasError(.notExpressible(["Div 'odd'", "constant output 'seven'"]))) {
      try FunctionalExporter(table: .standard, dialect: .keras2).document(of: graph)
    }
  }
}
