import ECGraph
import ECOperators
import Testing

@Suite struct OperatorTableTests {
  private let table = OperatorTable.standard

  @Test func `every rule has a name`() {
    #expect(table.onnx.keys.allSatisfy { !$0.isEmpty })
    #expect(table.keras.keys.allSatisfy { !$0.isEmpty })
    #expect(table.onnx.allSatisfy { $0.key == $0.value.type })
    #expect(table.keras.allSatisfy { $0.value.classNames.contains($0.key) })
    #expect(table.onnx.count > 50)
    #expect(table.keras.count > 70)
  }

  @Test func `what operators are exported as can be imported again`() throws {
    var missing: Set<String> = []
    for opset in [13, 18, 20, 22] {
      for sample in try Sample.all() {
        let graph = sample.graph
        for node in graph.nodes {
          let context = ExportContext(
            opset: opset, operands: graph.operands(of: node),
            results: node.outputs.map { graph[$0].type })
          let exported = try #require(
            node.op.onnxNodes(context), "\(sample.name): \(node.op.text)")
          #expect(!exported.nodes.isEmpty)
          for node in exported.nodes where table.onnx[node.type] == nil {
            missing.insert(node.type)
          }
        }
      }
    }
    // Spelled only where a picture is resized to extents that aren't multiples.
    #expect(missing.isSubset(of: ["Shape"]))
  }

  @Test func `names of operators, axes and operands fit together`() throws {
    for sample in try Sample.all() {
      for node in sample.graph.nodes {
        #expect(!node.op.name.isEmpty)
        #expect(node.op.text.hasPrefix(node.op.name))
        let axes = node.op.axes.expanded(
          ranks: sample.graph.operands(of: node).types.map { $0?.rank })
        for (term, input) in zip(axes.operands, node.inputs) {
          guard let input, !term.letters.contains("…") else { continue }
          if term.letters.contains(where: { $0.hasPrefix("…") }) { continue }
          #expect(term.letters.count == sample.graph[input].type.rank, "\(sample.name)")
        }
      }
    }
  }
}
