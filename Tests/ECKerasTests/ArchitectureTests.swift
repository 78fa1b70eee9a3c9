import ECGraph
import ECKeras
import Testing

/// Forms of the architecture that the fixtures don't have.
struct ArchitectureTests {
  private func entry(_ className: String, _ name: String, _ config: String, _ calls: String)
    -> String
  {
    """
    {"class_name": "\(className)", "name": "\(name)", "inbound_nodes": \(calls),
     "config": {"name": "\(name)", "trainable": true\(config.isEmpty ? "" : ", " + config)}}
    """
  }

  private func functional(
    _ layers: [String], inputs: String = #"[["in", 0, 0]]"#, outputs: String
  ) -> ModelFile {
    ModelFile(
      config: """
        {"class_name": "Functional", "config": {"name": "m", "layers": [
          \(layers.joined(separator: ",\n"))],
          "input_layers": \(inputs), "output_layers": \(outputs)}}
        """)
  }

  private var input: String { entry("InputLayer", "in", #""batch_input_shape": [null, 4]"#, "[]") }

  @Test func `layers may stand in any order`() throws {
    let model = try functional(
      [
        entry("Activation", "b", #""activation": "tanh""#, #"[[["a", 0, 0, {}]]]"#),
        entry("Activation", "a", #""activation": "relu""#, #"[[["in", 0, 0]]]"#), input,
      ], outputs: #"[["b", 0, 0]]"#
    ).read()
    #expect(model.graph.nodes.map(\.name) == ["a", "b"])
  }

  @Test func `a constant in front of a tensor keeps its place`() throws {
    let model = try functional(
      [
        input,
        entry(
          "TFOpLambda", "sub", #""function": "math.subtract""#,
          #"[["_CONSTANT_VALUE", -1, 1.0, {"y": ["in", 0, 0], "name": null}]]"#),
      ], outputs: #"[["sub", 0, 0]]"#
    ).read()
    #expect(model.graph.text.contains("sub = Sub(sub/x: float32[], in)"))
  }

  @Test func `a node of a TensorFlow graph is read with its constants`() throws {
    func node(_ name: String, _ op: String, _ constants: String, _ attributes: String = "")
      -> String
    {
      entry(
        "TensorFlowOpLayer", name,
        #""constants": {\#(constants)}, "node_def": {"op": "\#(op)", "attr": {\#(attributes)}}"#,
        #"[[["in", 0, 0, {}]]]"#)
    }
    func text(_ layer: String) throws -> String {
      try functional([input, layer], outputs: #"[["n", 0, 0]]"#).read().graph.text
    }
    #expect(try text(node("n", "Sub", #""0": 1.0"#)).contains("n = Sub(n/x: float32[], in)"))
    #expect(try text(node("n", "Sub", #""1": 1.0"#)).contains("n = Sub(in, n/y: float32[])"))
    let leaky = node("n", "LeakyRelu", "", #""alpha": {"f": 0.25}"#)
    #expect(try text(leaky).contains("0.25"))
    let error = #expect(throws: KerasError.self) { try text(node("n", "Betainc", "")) }
    #expect(error?.details.contains { $0.contains("Betainc") } ?? false)
  }

  @Test func `calls of nested models are counted from 0 or from 1`() throws {
    let inner = """
      "layers": [\(entry("InputLayer", "i", #""batch_input_shape": [null, 4]"#, "[]")),
        \(entry("Activation", "act", #""activation": "relu""#, #"[[["i", 0, 0, {}]]]"#))],
      "input_layers": [["i", 0, 0]], "output_layers": [["act", 0, 0]]
      """
    for first in [0, 1] {
      let model = try functional(
        [
          input,
          entry(
            "Functional", "base", inner, #"[[["in", 0, 0, {}]], [["base", \#(first), 0, {}]]]"#),
          entry(
            "Subtract", "sub", "",
            #"[[["base", \#(first), 0, {}], ["base", \#(first + 1), 0, {}]]]"#),
        ], outputs: #"[["sub", 0, 0]]"#
      ).read()
      #expect(
        model.graph.text.contains("sub = Sub(base/act, base/act/call2)"), "first call \(first)")
    }
  }

  @Test func `one output may be written without its list`() throws {
    let model = try functional(
      [input, entry("Activation", "a", #""activation": "relu""#, #"[[["in", 0, 0, {}]]]"#)],
      inputs: #"["in", 0, 0]"#, outputs: #"["a", 0, 0]"#
    ).read()
    #expect(model.graph.outputs.map { model.graph[$0].name } == ["a"])
  }

  @Test func `layers that do nothing give their names to the outputs`() throws {
    let model = try functional(
      [
        input,
        entry("Activation", "a", #""activation": "relu""#, #"[[["in", 0, 0, {}]]]"#),
        entry("Dropout", "out", #""rate": 0.5"#, #"[[["a", 0, 0, {}]]]"#),
      ], outputs: #"[["out", 0, 0]]"#
    ).read()
    #expect(model.graph.outputs.map { model.graph[$0].name } == ["out"])
  }

  @Test func `a layer that is called for training is refused, also within a model`() throws {
    let inner = """
      "layers": [\(entry("InputLayer", "i", #""batch_input_shape": [null, 4]"#, "[]")),
        \(entry("Dropout", "drop", #""rate": 0.5"#, #"[[["i", 0, 0, {}]]]"#))],
      "input_layers": [["i", 0, 0]], "output_layers": [["drop", 0, 0]]
      """
    let fault = try functional(
      [input, entry("Functional", "base", inner, #"[["in", 0, 0, {"training": true}]]"#)],
      outputs: #"[["base", 1, 0]]"#
    ).fault()
    #expect(fault.map { "\($0.place)" } == "model.h5 › layer 'base/drop'")
  }

  @Test func `augmentation that Keras 3 records as called for training vanishes`() throws {
    let model = try functional(
      [
        entry("InputLayer", "in", #""batch_shape": [null, 4, 4, 3]"#, "[]"),
        entry(
          "RandomFlip", "flip", #""mode": "horizontal""#,
          """
          [{"args": [{"class_name": "__keras_tensor__",
            "config": {"shape": [null, 4, 4, 3], "keras_history": ["in", 0, 0]}}],
            "kwargs": {"training": true}}]
          """),
        entry(
          "Activation", "a", #""activation": "relu""#,
          """
          [{"args": [{"class_name": "__keras_tensor__",
            "config": {"shape": [null, 4, 4, 3], "keras_history": ["flip", 0, 0]}}], "kwargs": {}}]
          """),
      ], outputs: #"[["a", 0, 0]]"#
    ).read()
    #expect(model.graph.nodes.map(\.name) == ["a"])
  }

  @Test func `circles, unknown layers and calls are refused`() throws {
    func fault(_ a: String, _ b: String, outputs: String = #"[["b", 0, 0]]"#) throws
      -> KerasError.Reason?
    {
      try functional(
        [
          input, entry("Activation", "a", #""activation": "relu""#, a),
          entry("Activation", "b", #""activation": "relu""#, b),
        ], outputs: outputs
      ).fault()?.reason
    }
    let fromA = #"[[["a", 0, 0, {}]]]"#
    #expect(try fault(#"[[["b", 0, 0, {}]]]"#, fromA) == .cycle(["a", "b"]))
    #expect(
      try fault(#"[[["x", 0, 0, {}]]]"#, fromA) == .noSuchTensor(layer: "x", call: 0, result: 0))
    #expect(
      try fault(#"[[["in", 0, 0, {}]]]"#, #"[[["a", 1, 0, {}]]]"#)
        == .noSuchTensor(layer: "a", call: 1, result: 0))
    #expect(
      try fault(#"[[["in", 0, 0, {}]]]"#, fromA, outputs: #"[["b", 0, 1]]"#)
        == .noSuchTensor(layer: "b", call: 0, result: 1))
    #expect(
      try fault(#"[{"args": 1}]"#, fromA)
        == .badConfig("an entry of 'inbound_nodes' can't be understood"))
  }

  @Test func `the input shape is guessed from the first kernel at last`() throws {
    var file = ModelFile(
      config: """
        {"class_name": "Sequential", "config": [{"class_name": "Conv2D", "config":
          {"name": "c", "filters": 2, "kernel_size": [3, 3], "use_bias": false}}]}
        """)
    file.groups = [
      ("c", [ModelFile.Weight(name: "c/kernel:0", shape: [3, 3, 5, 2], value: 1)])
    ]
    let graph = try file.read().graph
    #expect(
      graph.inputs.map { "\(graph[$0].name): \(graph[$0].type)" } == [
        "c_input: float32[batch, c_input_axis1, c_input_axis2, 5]"
      ])
  }

  @Test func `layers of Keras 1 are put in today's words`() throws {
    var file = ModelFile(
      config: """
        {"class_name": "Sequential", "config": [
          {"class_name": "Convolution2D", "config": {"name": "conv1", "nb_filter": 2, "nb_row": 3,
            "nb_col": 2, "subsample": [1, 2], "border_mode": "same", "dim_ordering": "tf",
            "bias": true, "activation": "linear", "batch_input_shape": [null, 8, 8, 3]}},
          {"class_name": "Flatten", "config": {"name": "flat"}},
          {"class_name": "Dense", "config": {"name": "d", "output_dim": 4, "bias": false}}]}
        """)
    file.version = "1.2.2"
    file.groups = [
      (
        "conv1",
        [
          ModelFile.Weight(name: "conv1_W:0", shape: [3, 2, 3, 2], value: 1),
          ModelFile.Weight(name: "conv1_b:0", shape: [2], value: 2),
        ]
      ), ("d", [ModelFile.Weight(name: "d_W:0", shape: [64, 4], value: 3)]),
    ]
    let model = try file.read()
    #expect(model.dialect == .keras1)
    #expect(first("conv1/bias", of: model) == 2)
    let output = try #require(model.graph.outputs.first)
    #expect("\(model.graph[output].type)" == "float32[batch, 4]")
    // With channels first the kernel's axes are out, in, h, w, and the picture's c, h, w.
    file.config = file.config?.replacing("\"tf\"", with: "\"th\"").replacing(
      "8, 8, 3", with: "3, 8, 8")
    file.groups[0].weights[0] = ModelFile.Weight(name: "conv1_W:0", shape: [2, 3, 3, 2], value: 1)
    let first = try file.read()
    let result = try #require(first.graph.outputs.first)
    #expect("\(first.graph[result].type)" == "float32[batch, 4]")
    #expect(first.notes.count == 1)
  }

  @Test func `merges of Keras 1 that Keras 2 can't say are refused by their modes`() throws {
    let config = """
      {"class_name": "Model", "config": {"name": "m", "layers": [
        {"class_name": "InputLayer", "name": "i", "inbound_nodes": [],
         "config": {"name": "i", "batch_input_shape": [null, 4]}},
        {"class_name": "Merge", "name": "j", "config": {"name": "j", "mode": "cos"},
         "inbound_nodes": [[["i", 0, 0], ["i", 0, 0]]]},
        {"class_name": "Dense", "name": "d", "config": {"name": "d", "output_dim": 2},
         "inbound_nodes": [[["j", 0, 0]]]}],
        "input_layers": [["i", 0, 0]], "output_layers": [["d", 0, 0]]}}
      """
    #expect(
      try ModelFile(config: config, version: "1.2.2").fault()?.reason
        == .unsupported([
          UnsupportedLayer(className: "Merge in mode cos", kind: .layer, layers: ["j"])
        ]))
  }
}
