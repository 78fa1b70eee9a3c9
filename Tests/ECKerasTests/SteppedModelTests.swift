import ECGraph
import ECKeras
import ECTensor
import Testing

/// Models that a layer applies to each step of a sequence.
@Suite struct SteppedModelTests {
  private func file(steps: String, config: String? = nil) -> ModelFile {
    let inner =
      config
        ?? """
        {"name": "head", "layers": [
          {"class_name": "Dense", "config": {"name": "fc", "units": 2}}]}
        """
    return ModelFile(
      config: """
        {"class_name": "Sequential", "config": {"name": "film", "layers": [
          {"class_name": "TimeDistributed", "config": {
            "name": "each", "batch_input_shape": [null, \(steps), 3],
            "layer": {"class_name": "Sequential", "config": \(inner)}}}]}}
        """,
      groups: [
        (
          "each",
          [
            ModelFile.Weight(name: "fc/kernel:0", shape: [3, 2], value: 0.5),
            ModelFile.Weight(name: "fc/bias:0", shape: [2], value: 1),
          ]
        )
      ])
  }

  @Test func `steps are samples to the model inside`() throws {
    let graph = try file(steps: "4").read().graph
    #expect(graph.nodes.map(\.op.name) == ["BatchReshape", "Dense", "BatchReshape"])
    let dense = graph.nodes[1]
    #expect(dense.name == "each/fc")
    let input = try #require(dense.inputs[0])
    #expect(graph[input].type.shape == [.multiple(4, of: "batch"), .fixed(3)])
    let output = try #require(graph.outputs.first)
    #expect(graph[output].type.shape == [.symbolic("batch"), .fixed(4), .fixed(2)])
  }

  @Test func `the old list of layers without a name is a model too`() throws {
    let list = #"[{"class_name": "Dense", "config": {"name": "fc", "units": 2}}]"#
    let graph = try file(steps: "4", config: list).read().graph
    #expect(graph.nodes.map(\.op.name) == ["BatchReshape", "Dense", "BatchReshape"])
  }

  @Test func `a number of steps that is open is refused at the layer`() throws {
    let fault = try #require(try file(steps: "null").fault())
    #expect("\(fault)".contains("layer 'each'"))
    #expect("\(fault)".contains("each step"))
  }
}
