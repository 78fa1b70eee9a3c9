import ECExecution
import ECGraph
import ECKeras
import ECOperators
import ECTensor
import ECTestSupport
import Testing

/// Files that Keras wrote, with what Keras computes from them.
struct FixtureTests {
  private func model(_ name: String) throws -> KerasModel {
    try KerasImporter(table: .standard).model(contentsOf: Fixture.path("keras/\(name).h5"))
  }

  @Test(
    arguments: [
      ("op_layers_k2", 1e-5), ("op_layers_k3", 1e-5), ("nested_twice_k2", 1e-5),
      ("nested_twice_k3", 1e-5), ("shared_layer_k2", 1e-5), ("transfer_partial_k2", 1e-5),
      ("transfer_functional_k3", 1e-5), ("pure_fp16_k3", 5e-3), ("multi_io_k3", 1e-5),
      ("seq_noinput_k2", 1e-5),
    ] as [(String, Float)])
  func `the graph computes what Keras computes`(name: String, tolerance: Float) throws {
    let model = try model(name)
    try model.graph.verify()
    let arrays = try #require(NumpyArchive(Fixture.path("keras/\(name).npz")))
    #expect(arrays.inputs.count == model.graph.inputs.count)
    let results = try Evaluator(graph: model.graph, inputShapes: arrays.inputs.map(\.shape))
      .run(arrays.inputs)
    #expect(results.count == arrays.outputs.count)
    for (result, wanted) in zip(results, arrays.outputs) {
      #expect(result.shape == wanted.shape)
      let scale = wanted.floats().map(\.magnitude).max() ?? 0
      let difference = zip(result.floats(), wanted.floats()).map { abs($0 - $1) }.max() ?? .nan
      #expect(difference <= tolerance * scale)
    }
  }

  @Test(arguments: [
    ("op_layers_k2", ["input_1"], ["tf.nn.softmax"]),
    ("multi_io_k3", ["image", "meta"], ["cls", "score"]),
    ("seq_noinput_k2", ["conv2d_input"], ["softmax"]),
    ("nested_twice_k3", ["input_layer_2"], ["dense"]),
  ])
  func `inputs and outputs have the names of their layers`(
    name: String, inputs: [String], outputs: [String]
  ) throws {
    let graph = try model(name).graph
    #expect(graph.inputs.map { graph[$0].name } == inputs)
    #expect(graph.outputs.map { graph[$0].name } == outputs)
  }

  @Test func `float32 weights are views of the file`() throws {
    let graph = try model("nested_twice_k3").graph
    #expect(graph.initializers.count == 14)
    #expect(graph.initializers.allSatisfy { !$0.tensor.ownsMemory })
  }

  @Test func `float16 weights become float32 and are noted`() throws {
    let model = try model("pure_fp16_k3")
    #expect(model.graph.initializers.allSatisfy { $0.tensor.elementType == .float32 })
    #expect(model.notes == ["4 weights are stored with 16 bits and used as float32"])
    #expect(model.groups.flatMap(\.weights).allSatisfy { $0.elementType == .float16 })
  }

  @Test func `layers of nested models carry the names of the models`() throws {
    let graph = try model("nested_twice_k2").graph
    #expect(
      graph.nodes.map(\.name) == [
        "mid/mid_conv", "mid/inner/conv2d", "mid/inner/batch_normalization", "mid/inner/re_lu",
        "mid/mid_bn", "global_average_pooling2d", "dense/preactivation", "dense",
      ])
  }

  @Test func `calls of a shared layer read the same weights`() throws {
    let graph = try model("shared_layer_k2").graph
    let calls = graph.nodes.filter { $0.name.hasPrefix("shared_conv") }
    #expect(calls.map(\.name) == ["shared_conv", "shared_conv/call2"])
    #expect(calls[0].inputs[1] == calls[1].inputs[1])
    #expect(calls[0].inputs[0] != calls[1].inputs[0])
    let towers = graph.nodes.filter { $0.name.hasPrefix("tower/flatten") }
    #expect(towers.map(\.name) == ["tower/flatten", "tower/flatten/call2"])
  }

  @Test func `what an exporter needs is kept`() throws {
    let model = try model("transfer_partial_k2")
    #expect(model.dialect == .keras2)
    #expect(model.producer == "keras 2.21.0")
    #expect(model.config.object?["class_name"]?.string == "Sequential")
    #expect(model.groups.map(\.name) == ["base", "flatten", "dense"])
    // Frozen layers come after the others.
    let base = model.groups[0].weights
    #expect(base[0].name == "base_dwbn/gamma:0")
    #expect(base[0].layer == "base/base_dwbn")
    #expect(base[0].weight == "gamma")
    #expect(base[0].initializers["gamma"] == "base/base_dwbn/gamma")
    #expect(base[0].shape == [8])
    #expect(base[0].elementType == .float32)
    #expect(base.allSatisfy { $0.layer != nil })
  }
}
