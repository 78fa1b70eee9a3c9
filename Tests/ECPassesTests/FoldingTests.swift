import ECGraph
import ECOperators
import ECPasses
import ECTensor
import Testing

@Suite struct MergePaddingTests {
  @Test func `zeros around a picture become padding`() throws {
    var layers = Layers()
    let pad = try layers.layer(
      "ZeroPadding2D", "pad", [layers.input([4, 4, 2])], ["padding": .list([[1, 2], [0, 1]])])
    layers.graph.addOutput(try layers.conv(pad, "y", 3, padding: "valid"))
    let result = try expectKept(layers.graph, [MergePadding(), RemoveUnused()])
    #expect(result.operators == ["Conv"])
    #expect(result.text.contains("padding=[1, 0]+[2, 1]"))
  }

  @Test func `zeros of two layers become padding`() throws {
    var layers = Layers()
    let inner = try layers.layer(
      "ZeroPadding2D", "p1", [layers.input([4, 4, 2])], ["padding": 1])
    let outer = try layers.layer(
      "ZeroPadding2D", "p2", [inner], ["padding": .list([[0, 1], [2, 0]])])
    layers.graph.addOutput(try layers.conv(outer, "y", 3, padding: "valid"))
    let result = try expectKept(layers.graph, [MergePadding(), RemoveUnused()])
    #expect(result.operators == ["Conv"])
  }

  @Test func `zeros stay for readers that can't take them`() throws {
    var layers = Layers()
    let pad = try layers.layer("ZeroPadding2D", "pad", [layers.input([4, 4, 2])], ["padding": 1])
    layers.graph.addOutput(try layers.conv(pad, "y", 3, padding: "valid"))
    layers.graph.addOutput(try layers.conv(pad, "s", 3, strides: 2, padding: "same"))
    layers.graph.addOutput(try layers.plain("MaxPooling2D", pad, "p"))
    let result = try expectKept(layers.graph, [MergePadding(), RemoveUnused()])
    #expect(result.operators == ["Pad", "Conv", "Conv", "MaxPool"])
    #expect(
      result.text.contains("y = Conv{window=[3, 3] strides=[1, 1] padding=[1, 1]+[1, 1] nhwc}(x"))
  }
}

@Suite struct FoldBatchNormTests {
  @Test func `normalization goes into the layer before it`() throws {
    var layers = Layers()
    let c = try layers.conv(layers.input([4, 4, 2]), "c", 3, bias: false)
    layers.graph.addOutput(try layers.relu(layers.norm(c, "n"), "y"))
    let result = try expectKept(layers.graph, [FoldBatchNorm(), RemoveUnused()])
    #expect(
      result.text == """
        graph test (x: float32[batch, 4, 4, 2]) -> y
          n = Conv{window=[3, 3] strides=[1, 1] padding=same nhwc}(x, c/kernel: float32[3, 2, 3, 3], \
        c/bias: float32[3]) -> float32[batch, 4, 4, 3]
          y = Relu(n) -> float32[batch, 4, 4, 3]

        """)
  }

  @Test func `the numbers are the textbook's`() throws {
    var layers = Layers()
    let d = try layers.layer(
      "Dense", "d", [layers.input([1])], ["units": 2],
      weights: [
        "kernel": Tensor([2, 3], shape: [1, 2]), "bias": Tensor([1, -1], shape: [2]),
      ])
    let n = try layers.layer(
      "BatchNormalization", "n", [d], ["epsilon": 1],
      weights: [
        "gamma": Tensor([4, 6], shape: [2]), "beta": Tensor([0.5, 0.25], shape: [2]),
        "moving_mean": Tensor([3, 1], shape: [2]), "moving_variance": Tensor([3, 8], shape: [2]),
      ])
    layers.graph.addOutput(n)
    let result = try expectKept(layers.graph, [FoldBatchNorm(), RemoveUnused()])
    // scale 4/2 and 6/3; shift 0.5 - 3·2 and 0.25 - 1·2
    let tensors = result.initializers.map { $0.tensor.floats() }
    #expect(tensors == [[4, 6], [2 - 5.5, -2 - 1.75]])
  }

  @Test func `depthwise and transposed convolutions and dense layers take it too`() throws {
    var layers = Layers()
    let x = layers.input([4, 4, 2])
    let d = try layers.layer(
      "DepthwiseConv2D", "d", [x], ["kernel_size": 3, "depth_multiplier": 2],
      weights: ["kernel": layers.random([3, 3, 2, 2]), "bias": layers.random([4])])
    let t = try layers.layer(
      "Conv2DTranspose", "t", [layers.norm(d, "dn")],
      ["filters": 3, "kernel_size": 2, "strides": 2],
      weights: ["kernel": layers.random([2, 2, 3, 4]), "bias": layers.random([3])])
    let f = try layers.plain("Flatten", layers.norm(t, "tn"), "f")
    layers.graph.addOutput(try layers.norm(layers.dense(f, "z", 4), "zn"))
    let result = try expectKept(layers.graph, [FoldBatchNorm(), RemoveUnused()])
    #expect(result.operators == ["DepthwiseConv", "ConvTranspose", "Flatten", "Dense"])
    let moved = try expectKept(layers.graph, kerasPasses())
    #expect(!moved.operators.contains("BatchNorm"))
  }

  @Test func `normalization before a convolution stays`() throws {
    var layers = Layers()
    let n = try layers.norm(layers.input([4, 4, 2]), "n")
    layers.graph.addOutput(try layers.conv(n, "y", 3))
    #expect(try FoldBatchNorm().run(on: &layers.graph) == PassReport())
  }

  @Test func `a convolution that others read keeps its numbers`() throws {
    var layers = Layers()
    let c = try layers.conv(layers.input([4, 4, 2]), "c", 3)
    layers.graph.addOutput(try layers.layer("Add", "y", [layers.norm(c, "n"), c]))
    #expect(try FoldBatchNorm().run(on: &layers.graph) == PassReport())
  }

  @Test func `a convolution that is an output keeps its numbers`() throws {
    var layers = Layers()
    let c = try layers.conv(layers.input([4, 4, 2]), "c", 3)
    layers.graph.addOutput(c)
    layers.graph.addOutput(try layers.norm(c, "n"))
    #expect(try FoldBatchNorm().run(on: &layers.graph) == PassReport())
  }

  @Test func `weights that two convolutions share are parted`() throws {
    var layers = Layers()
    let (x, z) = (layers.input([4, 4, 2]), layers.input([4, 4, 2], "z"))
    let a = try layers.conv(x, "a", 3)
    let kernel = try #require(layers.graph.value(named: "a/kernel"))
    let bias = try #require(layers.graph.value(named: "a/bias"))
    let b = try layers.layer(
      "Conv2D", "b", [z], ["filters": 3, "kernel_size": 3, "padding": "same"],
      weights: ["kernel": layers.random([3, 3, 2, 3]), "bias": layers.random([3])],
      shared: ["kernel": kernel, "bias": bias])
    layers.graph.addOutput(try layers.norm(a, "an"))
    layers.graph.addOutput(try layers.norm(b, "bn"))
    layers.graph.addOutput(
      try layers.layer(
        "Conv2D", "c", [z], ["filters": 3, "kernel_size": 3, "padding": "same"],
        weights: ["kernel": layers.random([3, 3, 2, 3]), "bias": layers.random([3])],
        shared: ["kernel": kernel, "bias": bias]))
    let result = try expectKept(layers.graph, [FoldBatchNorm(), RemoveUnused()])
    #expect(result.operators == ["Conv", "Conv", "Conv"])
    #expect(result.initializers.count == 6)
  }

  @Test func `normalization along another axis stays`() throws {
    var layers = Layers()
    let c = try layers.conv(layers.input([3, 3, 2]), "c", 3)
    let ones = Tensor([1, 2, 3], shape: [3])
    layers.graph.addOutput(
      try layers.layer(
        "BatchNormalization", "n", [c], ["axis": 1],
        weights: ["gamma": ones, "beta": ones, "moving_mean": ones, "moving_variance": ones]))
    let result = try expectKept(layers.graph, kerasPasses())
    #expect(result.operators.contains("BatchNorm"))
  }
}
