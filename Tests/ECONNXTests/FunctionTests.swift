import ECGraph
import ECONNX
import ECOperators
import ECTensor
import ECTestSupport
import Testing

@Suite struct FunctionTests {
  private func model(_ table: OperatorTable = .standard) throws -> ONNXModel {
    try ONNXImporter(table: table).model(contentsOf: Fixture.path("onnx/functions.onnx"))
  }

  private func node(_ name: String, _ graph: Graph) throws -> Node {
    try #require(graph.nodes.first { $0.name == name })
  }

  @Test func `calls become the nodes of their functions`() throws {
    let graph = try model().graph
    #expect(
      graph.nodes.map(\.name) == [
        "p/inner", "p/t", "q/inner", "q", "outer/call/inner", "r", "s", "u", "older", "last",
      ])
  }

  @Test func `values inside are renamed where the graph has their name`() throws {
    let graph = try model().graph
    #expect(graph[try node("p/inner", graph).outputs[0]].name == "p/t_1")
    #expect(graph[try node("p/t", graph).outputs[0]].name == "p/t")
  }

  @Test func `an operand that a call leaves out is absent inside`() throws {
    let graph = try model().graph
    #expect(try node("p/inner", graph).inputs.map { $0 != nil } == [true, false, true])
    #expect(try node("q/inner", graph).inputs.compactMap { $0 }.count == 1)
  }

  @Test func `a call of another operator set is carried with its function`() throws {
    let model = try model()
    #expect(model.graph.nodes.contains { $0.name == "older" && $0.op.name == "local.Older" })
    #expect(!model.functions.isEmpty)
    #expect(model.notes.contains { $0.hasSuffix("the function that it calls is in opset 13") })
  }

  @Test(arguments: [("p/inner", 0.25), ("q/inner", 0.5), ("outer/call/inner", 0.75)])
  func `attributes are the call's, the default or absent, also when written`(
    name: String, slope: Double
  ) throws {
    let folder = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(folder) }
    let source = try model()
    var options = ONNXExportOptions()
    options.opset = source.opset
    options.functions = source.functions
    let path = "\(folder)/again.onnx"
    try ONNXExporter(options: options).writeAtomically(source.graph, path: path)
    let again = try ONNXImporter(table: .attributes).model(contentsOf: path).graph
    let attributes = try #require(try node(name, again).op as? Use).attributes
    #expect(attributes["alpha"]?.double == slope)
    #expect(attributes["beta"] == nil)
    #expect(attributes["fixed"]?.int == 7)
  }
}

extension OperatorTable {
  /// Reads `Use` with its attributes, and carries what the test table doesn't know.
  fileprivate static let attributes = OperatorTable(
    keras: [], onnx: Array(OperatorTable.test.onnx.values),
    fallback: OperatorTable.standard.fallback)
}
