import ECGraph
import ECONNX
import ECOperators
import ECTensor
import ECTestSupport
import Testing

@Suite struct CarriedNodeTests {
  @Test func `a node without a rule survives a round trip with its attributes`() throws {
    let folder = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(folder) }
    let source = try ONNXImporter(table: .standard)
      .model(contentsOf: Fixture.path("onnx/constants.onnx"))
    let carried = try #require(source.graph.nodes.last?.op as? Opaque)
    #expect(carried.name == "Use")
    #expect(source.notes.contains { $0.hasPrefix("Use ") })
    var options = ONNXExportOptions()
    options.opset = source.opset
    try ONNXExporter(options: options).write(source.graph, toFile: "\(folder)/again.onnx")
    let again = try ONNXImporter(table: .test).model(contentsOf: "\(folder)/again.onnx").graph
    let attributes = try #require(again.nodes.last?.op as? Use).attributes
    #expect(attributes["ints"]?.ints == [4, 5])
    #expect(attributes["text"]?.string == "größe")
  }

  @Test func `data outside the file are written into what is carried`() throws {
    let folder = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(folder) }
    let source = try ONNXImporter(table: .standard)
      .model(contentsOf: Fixture.path("onnx/carried_external.onnx"))
    var options = ONNXExportOptions()
    options.opset = source.opset
    let path = "\(folder)/again.onnx"
    try ONNXExporter(options: options).write(source.graph, toFile: path)
    let again = try ONNXImporter(table: .test).model(contentsOf: path).graph
    let attributes = try #require(again.nodes.last?.op as? Use).attributes
    #expect(attributes["weight"]?.tensor?.floats() == [0, 1, 2, 3])
    let text = String(decoding: try #require(Fixture.bytes(path)), as: UTF8.self)
    #expect(!text.contains("external.bin"))
  }

  @Test func `weights that grow since their casts are folded are counted`() throws {
    let folder = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(folder) }
    var graph = Graph(name: "g")
    let x = graph.addInput("x", ValueType(.float32, [.symbolic("batch"), 4]))
    let half = try #require(Tensor([1, 2, 3, 4], .float16, shape: [4]))
    let stored = graph.addConstant("w", half)
    let cast = try graph.insert(Cast(to: .float32), name: "cast", inputs: [stored], origin: "c")
    let sum = try graph.insert(
      Elementwise(kind: .add), name: "sum", inputs: [x, graph[cast].outputs[0]], origin: "s")
    graph.addOutput(graph[sum].outputs[0])
    try ONNXExporter().write(graph, toFile: "\(folder)/m.onnx")
    let model = try ONNXImporter(table: .standard).model(contentsOf: "\(folder)/m.onnx")
    #expect(model.graph.nodes.map(\.op.name) == ["Add"])
    #expect(model.notes.count == 1)
    #expect(model.notes.first?.hasPrefix("1 weight is stored in half precision") ?? false)
  }

  @Test func `paddings that are computed with bounds are known`() throws {
    let folding = try #require(OperatorTable.standard.folding)
    func known(_ numbers: [Float]) -> KnownOperand {
      KnownOperand(type: nil, value: .tensor(Tensor(numbers, shape: [numbers.count])))
    }
    let node = ONNXNode(name: "y", type: "Clip", attributes: [:], opset: 17, outputCount: 1)
    for (bounds, expected) in [
      ([known([0])], [0, 1, 5]), ([nil, known([2])], [-3, 1, 2]),
      ([known([0]), known([2])], [0, 1, 2]),
    ] as [([KnownOperand?], [Float])] {
      guard
        case .tensor(let result)? = folding.results(node, [known([-3, 1, 5])] + bounds)?.first
      else {
        Issue.record("the result isn't known")
        return
      }
      #expect(result.floats() == expected)
    }
  }

  @Test func `extents of the batch pass through shape arithmetic`() throws {
    let folding = try #require(OperatorTable.standard.folding)
    func node(_ type: String) -> ONNXNode {
      ONNXNode(name: type, type: type, attributes: [:], opset: 17, outputCount: 1)
    }
    let shape = folding.results(
      node("Shape"), [KnownOperand(type: ValueType(.float32, [.symbolic("N"), 8, 4]), value: nil)])
    guard case .extents(let elements, _)? = shape?.first else {
      Issue.record("the shape isn't known")
      return
    }
    #expect(elements == [.symbolic("N"), 8, 4])
    let windows = folding.results(
      node("Mul"),
      [
        KnownOperand(type: nil, value: .extents([.symbolic("N")], shape: [1])),
        KnownOperand(type: nil, value: .tensor(Tensor([64], shape: [1]))),
      ])
    guard case .extents(let product, _)? = windows?.first else {
      Issue.record("the product isn't known")
      return
    }
    #expect(product == [.multiple(64, of: "N")])
  }
}
