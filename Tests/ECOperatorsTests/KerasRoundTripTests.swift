import ECExecution
import ECGraph
import ECKeras
import ECOperators
import ECTensor
import ECTestSupport
import Testing

/// Operators said as Keras layers, with their channels first: what the layers need is put around them.
@Suite struct KerasRoundTripTests {
  /// The graph as it is read back from a file.
  private func reread(_ graph: Graph) throws -> Graph {
    let document = try FunctionalExporter(table: .standard, dialect: .keras2).document(of: graph)
    let folder = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(folder) }
    try KerasWriter(document).writeHDF5(toFile: "\(folder)/model.h5")
    return try KerasImporter(table: .standard).model(contentsOf: "\(folder)/model.h5").graph
  }

  private func outputs(_ graph: Graph) throws -> [Tensor] {
    let shapes = try Evaluator.inputShapes(of: graph, batch: 2)
    let inputs = shapes.enumerated().map { random($1, seed: UInt64($0 + 5)) }
    return try Evaluator(graph: graph, inputShapes: shapes).run(inputs)
  }

  private func expectSame(_ graph: Graph, _ name: String, within tolerance: Double = 2e-6) throws {
    let (found, expected) = (try outputs(try reread(graph)), try outputs(graph))
    #expect(found.count == expected.count)
    for (a, b) in zip(found, expected) {
      #expect(a.shape == b.shape, "\(name)")
      #expect(
        Difference(a, reference: b).passes(relative: tolerance, absolute: tolerance), "\(name)")
    }
  }

  /// What Keras has no layers for that older versions know too; by the names of samples.
  private static let unsayable: Set<String> = [
    "CRD", "Ceil", "Cos", "DepthToSpace", "Erf", "Floor", "Gather", "LRN", "MatMul of two", "Pad",
    "ReduceL1", "ReduceL2", "ReduceProd", "Reshape of the batch", "Resize", "Round", "Sign", "Sin",
    "Slice", "SpaceToDepth", "ConvTranspose in groups", "mirrored Pad", "in groups",
  ]

  @Test func `layers compute what the operators compute`() throws {
    var unsaid: Set<String> = []
    for sample in try Sample.all() {
      do throws(KerasError) {
        _ = try FunctionalExporter(table: .standard, dialect: .keras2).document(of: sample.graph)
      } catch {
        let node = sample.graph.nodes[0]
        #expect(error == KerasError(.notExpressible(["\(node.op.text) '\(node.name)'"])))
        unsaid.insert(sample.name)
        continue
      }
      try expectSame(sample.graph, sample.name)
    }
    #expect(unsaid.subtracting(Self.unsayable).isEmpty)
  }

  private static let windows: [FormatObject] = [
    ["kernel_shape": ints([3, 3]), "pads": ints([1, 1, 1, 1]), "strides": ints([2, 2])],
    ["kernel_shape": ints([3, 3]), "pads": ints([0, 0, 1, 1]), "strides": ints([2, 2])],
    ["kernel_shape": ints([3, 2]), "pads": ints([1, 0, 0, 1]), "strides": ints([1, 1])],
    ["kernel_shape": ints([2, 3]), "pads": ints([0, 1, 1, 0]), "strides": ints([2, 1])],
    ["kernel_shape": ints([3, 3]), "auto_pad": "SAME_UPPER", "strides": ints([3, 2])],
    ["kernel_shape": ints([3, 3]), "auto_pad": "SAME_LOWER", "strides": ints([2, 2])],
    ["kernel_shape": ints([2, 2]), "strides": ints([2, 2]), "ceil_mode": 1],
    [
      "kernel_shape": ints([3, 3]), "pads": ints([1, 1, 0, 0]), "strides": ints([2, 2]),
      "ceil_mode": 1,
    ],
  ]

  @Test(arguments: ["MaxPool", "AveragePool"], windows)
  func `a pooling leaves out what lies outside the picture`(
    _ type: String, _ attributes: FormatObject
  ) throws {
    var drawing = Drawing()
    let x = drawing.input([3, 7, 8])
    // Below zero everywhere, so that zeros would be seen.
    let below = try drawing.onnx(
      "Sub", [x, drawing.graph.addConstant("two", Tensor(scalar: 2))], [:])
    drawing.graph.addOutput(try drawing.onnx(type, [below], attributes))
    try expectSame(drawing.graph, "\(type) \(attributes)")
  }

  @Test(arguments: [0, 1])
  func `zeros around a picture stand in for nothing where no element is below zero`(ceil: Int)
    throws
  {
    var drawing = Drawing()
    let x = drawing.input([3, 8, 8])
    let y = try drawing.onnx("Relu", [x])
    var window = Self.windows[0]
    window["ceil_mode"] = .int(ceil)
    drawing.graph.addOutput(try drawing.onnx("MaxPool", [y], window))
    let again = try reread(drawing.graph)
    #expect(again.nodes.contains { $0.op is Pad })
    #expect(again.nodes.filter { $0.op is Pool }.count == 1)
    try expectSame(drawing.graph, "MaxPool")
  }

  @Test(
    arguments: [
      ["strides": ints([2, 2]), "pads": ints([1, 1, 1, 1])],
      ["strides": ints([2, 2]), "pads": ints([0, 1, 1, 0]), "output_padding": ints([1, 0])],
      ["strides": ints([3, 3])], ["dilations": ints([2, 2]), "pads": ints([1, 2, 2, 1])],
      ["strides": ints([3, 3]), "output_padding": ints([2, 1])],
    ] as [FormatObject])
  func `a transposed convolution is cut as it was`(_ attributes: FormatObject) throws {
    var drawing = Drawing()
    let x = drawing.input([3, 5, 6])
    let kernel = drawing.graph.addConstant("kernel", random([3, 2, 3, 3]))
    drawing.graph.addOutput(try drawing.onnx("ConvTranspose", [x, kernel], attributes))
    try expectSame(drawing.graph, "\(attributes)")
  }

  @Test(arguments: [[3], [5, 1], [4, 1, 1], [4, 5, 1], [4, 5, 3], [1]])
  func `a constant may stand along any axes`(_ shape: [Int]) throws {
    for type in ["Add", "Sub", "Mul", "Div", "Max", "Min"] {
      var drawing = Drawing()
      let x = drawing.input([4, 5, 3])
      let c = drawing.graph.addConstant("c", random(shape, in: 0.5...1.5))
      drawing.graph.addOutput(try drawing.onnx(type, [x, c]))
      try expectSame(drawing.graph, "\(type) \(shape)")
    }
  }

  @Test func `strides with dilation, and strides that differ, are sampled behind`() throws {
    for group in [1, 4] {
      for dilation in [1, 2] {
        var drawing = Drawing()
        let x = drawing.input([4, 9, 8])
        let kernel = drawing.graph.addConstant("kernel", random([4, 4 / group, 3, 3]))
        drawing.graph.addOutput(
          try drawing.onnx(
            "Conv", [x, kernel],
            [
              "group": .int(group), "strides": ints([2, 1]), "pads": ints([1, 2, 1, 0]),
              "dilations": ints([dilation, dilation]),
            ]))
        try expectSame(drawing.graph, "group \(group), dilation \(dilation)")
      }
    }
  }

  @Test(arguments: [[4, 6], [4, 5, 6]], [1, 2, 4])
  func `normalizations by groups are layers`(_ shape: [Int], groups: Int) throws {
    var drawing = Drawing()
    let x = drawing.input(shape)
    let y = try drawing.onnx(
      "GroupNormalization", [x, drawing.weight([4], "scale"), drawing.weight([4], "shift")],
      ["num_groups": .int(groups), "epsilon": .float(1e-3)], opset: 21)
    drawing.graph.addOutput(y)
    try expectSame(drawing.graph, "\(groups) groups of \(shape)")
  }

  @Test func `positions in order are cut out, one of them without its axis`() throws {
    for axis in 1...3 {
      for positions in [whole([1, 2]), Tensor([1], shape: [])] {
        var drawing = Drawing()
        let x = drawing.input([3, 4, 5])
        let c = drawing.graph.addConstant("positions", positions)
        drawing.graph.addOutput(try drawing.onnx("Gather", [x, c], ["axis": .int(axis)]))
        try expectSame(drawing.graph, "\(positions.shape) of axis \(axis)")
      }
    }
  }
}
