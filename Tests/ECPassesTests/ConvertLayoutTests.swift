import ECGraph
import ECOperators
import ECPasses
import ECTensor
import Testing

@Suite struct ConvertLayoutTests {
  private let pass = ConvertLayout(from: .channelsLast, to: .channelsFirst)

  @Test func `transposes stand at the edges only`() throws {
    var layers = Layers()
    let c = try layers.conv(layers.input([4, 4, 2]), "c", 3)
    let r = try layers.relu(c, "r")
    layers.graph.addOutput(try layers.plain("MaxPooling2D", r, "y"))
    let result = try expectKept(layers.graph, [pass])
    #expect(
      result.text == """
        graph test (x: float32[batch, 4, 4, 2]) -> y
          x/nchw = Transpose{[0, 3, 1, 2]}(x) -> float32[batch, 2, 4, 4]
          c = Conv{window=[3, 3] strides=[1, 1] padding=same}(x/nchw, \
        c/kernel: float32[3, 2, 3, 3], c/bias: float32[3]) -> float32[batch, 3, 4, 4]
          r = Relu(c) -> float32[batch, 3, 4, 4]
          y/nchw = MaxPool{window=[2, 2] strides=[2, 2] padding=valid}(r) \
        -> float32[batch, 3, 2, 2]
          y = Transpose{[0, 2, 3, 1]}(y/nchw) -> float32[batch, 2, 2, 3]

        """)
  }

  @Test func `a dense layer behind a flatten takes the new order`() throws {
    var layers = Layers()
    let c = try layers.conv(layers.input([3, 4, 2]), "c", 3)
    let f = try layers.relu(layers.plain("Flatten", c, "f"), "dropped")
    layers.graph.addOutput(try layers.dense(f, "y", 5))
    let result = try expectKept(layers.graph, [pass])
    #expect(result.operators == ["Transpose", "Conv", "Flatten", "Relu", "Dense"])
  }

  @Test func `a reshape to one axis is a flatten`() throws {
    var layers = Layers()
    let c = try layers.conv(layers.input([3, 4, 2]), "c", 3)
    let f = try layers.layer("Reshape", "f", [c], ["target_shape": .list([-1])])
    layers.graph.addOutput(try layers.dense(f, "y", 5))
    let result = try expectKept(layers.graph, [pass])
    #expect(result.operators == ["Transpose", "Conv", "Reshape", "Dense"])
  }

  @Test func `a flatten that two dense layers read is put into order for both`() throws {
    var layers = Layers()
    let c = try layers.conv(layers.input([3, 4, 2]), "c", 3)
    let f = try layers.plain("Flatten", c, "f")
    let a = try layers.dense(f, "a", 5)
    let shared = [
      "kernel": try #require(layers.graph.value(named: "a/kernel")),
      "bias": try #require(layers.graph.value(named: "a/bias")),
    ]
    let weights = ["kernel": layers.random([36, 5]), "bias": layers.random([5])]
    let b = try layers.layer("Dense", "b", [f], ["units": 5], weights: weights, shared: shared)
    let plain = layers.input([36], "plain")
    let d = try layers.layer("Dense", "d", [plain], ["units": 5], weights: weights, shared: shared)
    for y in [a, b, d] { layers.graph.addOutput(y) }
    let result = try expectKept(layers.graph, [pass])
    #expect(!result.operators.dropFirst().contains("Transpose"))
  }

  @Test func `a flatten that is an output is taken in the old order`() throws {
    var layers = Layers()
    let c = try layers.conv(layers.input([3, 4, 2]), "c", 3)
    layers.graph.addOutput(try layers.plain("Flatten", c, "f"))
    let result = try expectKept(layers.graph, [pass])
    #expect(result.operators == ["Transpose", "Conv", "Transpose", "Flatten"])
  }

  @Test func `two flattens that are joined are taken in the old order`() throws {
    var layers = Layers()
    let x = layers.input([3, 4, 2])
    let a = try layers.plain("Flatten", layers.conv(x, "c", 3), "f")
    let b = try layers.plain("Flatten", layers.conv(x, "d", 2), "g")
    layers.graph.addOutput(
      try layers.dense(layers.layer("Concatenate", "both", [a, b]), "y", 3))
    try expectKept(layers.graph, [pass])
  }

  @Test func `an input that is flattened needs no transpose`() throws {
    var layers = Layers()
    let f = try layers.plain("Flatten", layers.input([3, 4, 2]), "f")
    layers.graph.addOutput(try layers.dense(f, "y", 3))
    let result = try expectKept(layers.graph, [pass])
    #expect(result.operators == ["Flatten", "Dense"])
  }

  @Test func `an input that is an output stays as it is`() throws {
    var layers = Layers()
    let x = layers.input([3, 4, 2])
    layers.graph.addOutput(try layers.conv(x, "c", 3))
    layers.graph.addOutput(x)
    try expectKept(layers.graph, [pass])
  }

  @Test func `an output named twice keeps its name`() throws {
    var layers = Layers()
    let y = try layers.conv(layers.input([3, 4, 2]), "y", 3)
    layers.graph.addOutput(y)
    layers.graph.addOutput(y)
    try expectKept(layers.graph, [pass])
  }

  @Test func `two images and a vector may be fed`() throws {
    var layers = Layers()
    let (a, b) = (layers.input([4, 4, 2], "a"), layers.input([4, 4, 3], "b"))
    let v = layers.input([3], "v")
    let joined = try layers.layer("Concatenate", "j", [layers.conv(a, "c", 3), b])
    let scaled = try layers.layer("Multiply", "s", [layers.conv(joined, "d", 3), v])
    layers.graph.addOutput(try layers.dense(layers.plain("Flatten", scaled, "f"), "y", 2))
    try expectKept(layers.graph, kerasPasses())
    try expectKept(layers.graph, kerasPasses(movesInputs: true), movesInputs: true)
  }

  @Test func `constants move with the images that they meet`() throws {
    var layers = Layers()
    let x = try layers.conv(layers.input([3, 4, 2]), "c", 2)
    let full = try layers.layer("PReLU", "p", [x], weights: ["alpha": layers.random([3, 4, 2])])
    let scaled = try layers.layer(
      "Rescaling", "s", [full],
      ["scale": .list([2, 3]), "offset": .list([.float(0.5), .float(-1)])])
    layers.graph.addOutput(try layers.plain("GlobalMaxPooling2D", scaled, "y"))
    let result = try expectKept(layers.graph, [pass])
    #expect(result.operators.filter { $0 == "Transpose" }.count == 1)
  }

  @Test func `a dense layer on a picture keeps the old layout`() throws {
    var layers = Layers()
    let x = try layers.conv(layers.input([3, 4, 2]), "c", 2)
    let d = try layers.relu(layers.dense(x, "d", 3), "r")
    layers.graph.addOutput(
      try layers.dense(layers.plain("Flatten", layers.conv(d, "e", 2), "f"), "y", 2))
    try expectKept(layers.graph, kerasPasses())
  }

  @Test func `softmax, cropping and joining along the picture keep their axes`() throws {
    var layers = Layers()
    let x = try layers.conv(layers.input([4, 4, 3]), "c", 2)
    let s = try layers.layer("Softmax", "s", [x], ["axis": -1])
    let crop = try layers.layer(
      "Cropping2D", "crop", [s], ["cropping": .list([[1, 0], [0, 2]])])
    let joined = try layers.layer("Concatenate", "j", [crop, crop], ["axis": 2])
    let up = try layers.layer("UpSampling2D", "u", [joined], ["size": .list([2, 1])])
    layers.graph.addOutput(try layers.layer("Permute", "y", [up], ["dims": .list([3, 1, 2])]))
    layers.graph.addOutput(
      try layers.layer("Reshape", "z", [up], ["target_shape": .list([4, 6, 2])]))
    try expectKept(layers.graph, [pass])
    try expectKept(layers.graph, kerasPasses())
  }
}
