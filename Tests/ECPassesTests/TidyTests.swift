import ECGraph
import ECOperators
import ECPasses
import ECTensor
import Testing

@Suite struct RemoveUnusedTests {
  @Test func `what reaches no output leaves with its weights`() throws {
    var layers = Layers()
    let x = layers.input([4, 4, 2])
    _ = layers.input([3], "unused")
    let y = try layers.relu(x, "y")
    _ = try layers.relu(layers.conv(x, "dead", 3), "deader")
    layers.graph.addOutput(y)
    #expect(try RemoveUnused().run(on: &layers.graph).changes == 4)
    try layers.graph.verify()
    #expect(
      layers.graph.text == """
        graph test (x: float32[batch, 4, 4, 2], unused: float32[batch, 3]) -> y
          y = Relu(x) -> float32[batch, 4, 4, 2]

        """)
    #expect(layers.graph.initializers.isEmpty)
  }

  @Test func `an initializer that is an output stays`() throws {
    var layers = Layers()
    let x = layers.input([3])
    layers.graph.addOutput(try layers.relu(x, "y"))
    layers.graph.addOutput(layers.graph.addConstant("c", Tensor([1, 2], shape: [2])))
    #expect(try RemoveUnused().run(on: &layers.graph) == PassReport())
    #expect(layers.graph.outputNames == ["y", "c"])
  }
}

@Suite struct MergeReshapesTests {
  private func reshape(_ x: ValueID, _ name: String, _ shape: [Int], _ layers: inout Layers)
    throws -> ValueID
  {
    try layers.layer(
      "Reshape", name, [x], ["target_shape": .list(shape.map { .int($0) })])
  }

  @Test func `reshapes that follow each other become one`() throws {
    var layers = Layers()
    let a = try reshape(layers.input([2, 3, 4]), "a", [6, 4], &layers)
    let b = try reshape(layers.plain("Flatten", a, "b"), "c", [-1, 2], &layers)
    layers.graph.addOutput(b)
    let result = try expectKept(layers.graph, [MergeReshapes(), RemoveUnused()])
    #expect(
      result.text == """
        graph test (x: float32[batch, 2, 3, 4]) -> c
          c = Reshape{[12, 2]}(x) -> float32[batch, 12, 2]

        """)
  }

  @Test func `a reshape there and back is nothing`() throws {
    var layers = Layers()
    let x = try layers.relu(layers.input([2, 6]), "r")
    let back = try reshape(layers.plain("Flatten", x, "flat"), "back", [2, 6], &layers)
    layers.graph.addOutput(try layers.relu(back, "y"))
    let result = try expectKept(layers.graph, [MergeReshapes(), RemoveUnused()])
    #expect(result.operators == ["Relu", "Relu"])
  }

  @Test func `an output keeps its name when its reshape is nothing`() throws {
    var layers = Layers()
    let x = try layers.relu(layers.input([6]), "r")
    layers.graph.addOutput(try reshape(x, "y", [6], &layers))
    let result = try expectKept(layers.graph, [MergeReshapes(), RemoveUnused()])
    #expect(result.operators == ["Relu"])
  }

  @Test func `an output that equals an input stays a node`() throws {
    var layers = Layers()
    layers.graph.addOutput(try reshape(layers.input([6]), "y", [6], &layers))
    let result = try expectKept(layers.graph, [MergeReshapes(), RemoveUnused()])
    #expect(result.operators == ["Reshape"])
  }

  @Test func `two outputs of one value stay two`() throws {
    var layers = Layers()
    let x = try layers.relu(layers.input([6]), "r")
    layers.graph.addOutput(x)
    layers.graph.addOutput(try reshape(x, "y", [6], &layers))
    try expectKept(layers.graph, [MergeReshapes(), RemoveUnused()])
  }

  @Test func `a reshape that others read too stays for them`() throws {
    var layers = Layers()
    let flat = try layers.plain("Flatten", layers.input([2, 3]), "flat")
    layers.graph.addOutput(try reshape(flat, "y", [3, 2], &layers))
    layers.graph.addOutput(try layers.relu(flat, "z"))
    let result = try expectKept(layers.graph, [MergeReshapes(), RemoveUnused()])
    #expect(result.operators == ["Flatten", "Reshape", "Relu"])
  }
}

@Suite struct SplitGlobalPoolTests {
  @Test func `a global pooling keeps its axes and is flattened`() throws {
    var layers = Layers()
    let x = layers.input([4, 4, 2])
    let y = try layers.plain("GlobalAveragePooling2D", x, "y")
    layers.graph.addOutput(y)
    let result = try expectKept(layers.graph, [SplitGlobalPool()])
    #expect(
      result.text == """
        graph test (x: float32[batch, 4, 4, 2]) -> y
          y/pooled = GlobalAveragePool{keepDims nhwc}(x) -> float32[batch, 1, 1, 2]
          y = Flatten(y/pooled) -> float32[batch, 2]

        """)
  }

  @Test func `one that keeps its axes is left alone`() throws {
    var layers = Layers()
    let x = layers.input([4, 4, 2])
    layers.graph.addOutput(
      try layers.layer("GlobalMaxPooling2D", "y", [x], ["keepdims": true]))
    #expect(try SplitGlobalPool().run(on: &layers.graph) == PassReport())
  }

  @Test func `a gate needs no reshape in the end`() throws {
    var layers = Layers()
    let x = layers.input([4, 4, 2])
    let pooled = try layers.plain("GlobalAveragePooling2D", x, "pooled")
    let point = try layers.layer(
      "Reshape", "point", [pooled], ["target_shape": .list([1, 1, 2])])
    let gate = try layers.conv(point, "gate", 2, size: 1)
    layers.graph.addOutput(try layers.layer("Multiply", "y", [x, gate]))
    let result = try expectKept(layers.graph, kerasPasses())
    #expect(result.operators == ["Transpose", "GlobalAveragePool", "Conv", "Mul", "Transpose"])
  }
}
