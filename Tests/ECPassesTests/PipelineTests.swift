import ECGraph
import ECPasses
import ECTensor
import Testing

@Suite struct PipelineTests {
  @Test(arguments: UInt64(0)..<50)
  func `the passes keep the outputs of random classifiers`(seed: UInt64) throws {
    let graph = try RandomGraph.make(seed: seed)
    let result = try expectKept(graph, kerasPasses())
    #expect(!result.text.contains("nhwc}"))
  }

  @Test(arguments: UInt64(0)..<12)
  func `inputs may change to the new layout`(seed: UInt64) throws {
    let graph = try RandomGraph.make(seed: seed)
    try expectKept(graph, kerasPasses(movesInputs: true), movesInputs: true)
  }

  @Test(arguments: UInt64(0)..<12)
  func `passes find nothing to do a second time`(seed: UInt64) throws {
    var graph = try RandomGraph.make(seed: seed)
    try Pipeline(kerasPasses()).run(on: &graph)
    let text = graph.text
    let again: [any Pass] = [
      RemoveUnused(), SplitGlobalPool(), MergeReshapes(), MergePadding(), FoldBatchNorm(),
    ]
    for pass in again {
      #expect(try pass.run(on: &graph) == PassReport(), "\(pass.name)")
    }
    #expect(graph.text == text)
  }

  @Test func `a failing pass names itself and those before it`() throws {
    struct Broken: Pass {
      let name = "broken"
      let summary = "takes the outputs' producers away"
      func run(on graph: inout Graph) throws(PassError) -> PassReport {
        throw PassError(pass: name, underlying: GraphError(.noOutput))
      }
    }
    var graph = Graph(name: "empty")
    let error = #expect(throws: PassError.self) {
      try Pipeline([RemoveUnused(), Broken()]).run(on: &graph)
    }
    #expect(error?.earlier == ["remove-unused"])
    #expect(error?.pass == "broken")
    let unsound = #expect(throws: PassError.self) {
      try Pipeline([RemoveUnused()]).run(on: &graph, verifying: true)
    }
    #expect(unsound?.underlying as? GraphError == GraphError(.noOutput))
  }
}
