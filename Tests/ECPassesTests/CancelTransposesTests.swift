import ECGraph
import ECOperators
import ECPasses
import ECTensor
import Testing

@Suite struct CancelTransposesTests {
  private let toFirst = [0, 3, 1, 2]
  private let toLast = [0, 2, 3, 1]

  private func insert(
    _ op: any Operator, _ name: String, _ inputs: [ValueID], _ layers: inout Layers
  ) throws -> ValueID {
    let node = try layers.graph.insert(op, name: name, inputs: inputs, origin: "")
    return layers.graph[node].outputs[0]
  }

  private func transpose(_ x: ValueID, _ order: [Int], _ name: String, _ layers: inout Layers)
    throws -> ValueID
  {
    try insert(Transpose(order: order), name, [x], &layers)
  }

  @Test func `a pair around what treats every element alike vanishes`() throws {
    var layers = Layers()
    let x = layers.input([2, 4, 3])
    let a = try layers.relu(transpose(x, toLast, "a", &layers), "r")
    layers.graph.addOutput(try transpose(a, toFirst, "y", &layers))
    let result = try expectKept(layers.graph, [CancelTransposes()])
    #expect(result.operators == ["Relu"])
  }

  @Test func `gates, reductions, joins, pads and constants are carried along`() throws {
    var layers = Layers()
    let x = try transpose(layers.input([2, 4, 3]), toLast, "x_last", &layers)
    let scaled = try layers.layer(
      "Rescaling", "s", [x], ["scale": .list([2, 3]), "offset": .list([.float(0.5), -1])])
    let mean = try insert(
      Reduce(kind: .mean, reducedAxes: [1, 2], keepDims: true), "mean", [scaled], &layers)
    let point = try layers.relu(transpose(mean, toFirst, "point", &layers), "point_relu")
    let gate = try transpose(point, toLast, "gate", &layers)
    let gated = try layers.layer("Multiply", "gated", [scaled, gate])
    let joined = try layers.layer("Concatenate", "joined", [gated, scaled])
    let padded = try insert(
      Pad(begin: [0, 1, 0, 0], end: [0, 0, 2, 1]), "padded", [joined], &layers)
    layers.graph.addOutput(try transpose(padded, toFirst, "y", &layers))
    let result = try expectKept(
      layers.graph, [CancelTransposes(), MergeReshapes(), RemoveUnused()])
    #expect(!result.operators.contains("Transpose"), "\(result.text)")
    #expect(!result.operators.contains("Reshape"), "\(result.text)")
  }

  @Test func `readers of both layouts get what they read before`() throws {
    var layers = Layers()
    let x = try transpose(layers.input([2, 4, 3]), toLast, "x_last", &layers)
    let r = try layers.relu(x, "r")
    let first = try transpose(r, toFirst, "first", &layers)
    let again = try transpose(r, toFirst, "again", &layers)
    let sum = try layers.layer("Add", "sum", [layers.relu(first, "q"), again])
    let back = try transpose(sum, toLast, "back", &layers)
    layers.graph.addOutput(try layers.layer("Add", "y", [back, r]))
    layers.graph.addOutput(try layers.dense(r, "z", 5))
    let result = try expectKept(layers.graph, [CancelTransposes()])
    #expect(result.operators.count { $0 == "Transpose" } == 2, "\(result.text)")
  }

  @Test func `outputs of either layout keep their names`() throws {
    var layers = Layers()
    let x = try transpose(layers.input([2, 4, 3]), toLast, "x_last", &layers)
    let r = try layers.relu(x, "r")
    let y = try transpose(r, toFirst, "y", &layers)
    let s = try layers.relu(y, "s")
    for output in [r, y, s, try transpose(s, toLast, "t", &layers)] {
      layers.graph.addOutput(output)
    }
    try expectKept(layers.graph, [CancelTransposes()])
  }

  @Test func `a graph whose transpositions wouldn't get fewer stays as it is`() throws {
    var layers = Layers()
    let x = try transpose(layers.input([2, 4, 3]), toLast, "x_last", &layers)
    layers.graph.addOutput(try layers.dense(layers.relu(x, "r"), "y", 5))
    let text = layers.graph.text
    #expect(try CancelTransposes().run(on: &layers.graph) == PassReport())
    #expect(layers.graph.text == text)
  }

  @Test func `vectors that are computed keep their image in its layout`() throws {
    var layers = Layers()
    let x = try transpose(layers.input([2, 4, 3]), toLast, "x_last", &layers)
    let v = layers.graph.addInput("v", ValueType(.float32, [2]))
    let shifted = try insert(Elementwise(kind: .add), "shifted", [x, v], &layers)
    layers.graph.addOutput(try transpose(shifted, toFirst, "y", &layers))
    let source = layers.graph
    #expect(try CancelTransposes().run(on: &layers.graph) == PassReport())
    #expect(layers.graph.text == source.text)
  }

  @Test func `transpositions of other orders are joined`() throws {
    var layers = Layers()
    let a = try transpose(layers.input([2, 3]), [0, 2, 1], "a", &layers)
    layers.graph.addOutput(try layers.relu(transpose(a, [0, 2, 1], "b", &layers), "y"))
    let result = try expectKept(layers.graph, [CancelTransposes()])
    #expect(result.operators == ["Relu"])
  }

  @Test(arguments: UInt64(0)..<40)
  func `random classifiers with transpositions all over keep their outputs`(seed: UInt64) throws {
    var graph = try RandomGraph.make(seed: seed)
    // Every image is turned there and back, in layouts that are right by chance only.
    for node in graph.nodes where graph[node.outputs[0]].type.rank == 4 && seed % 3 != 0 {
      let y = node.outputs[0]
      let readers = graph.consumers()[y] ?? []
      guard let reader = readers.first?.node else { continue }
      let there = try graph.insert(
        Transpose(order: toFirst), name: "\(node.name)/there", inputs: [y], origin: "",
        before: reader)
      let back = try graph.insert(
        Transpose(order: toLast), name: "\(node.name)/back", inputs: [graph[there].outputs[0]],
        origin: "", before: reader)
      for (id, operand) in readers { graph.setInput(id, operand, graph[back].outputs[0]) }
    }
    try expectKept(graph, [CancelTransposes(), MergeReshapes(), RemoveUnused()])
    try expectKept(
      graph, [ConvertLayout(from: .channelsLast, to: .channelsFirst), CancelTransposes()])
  }
}

@Suite struct CancelCastsTests {
  private func casts(_ types: [ElementType]) throws -> Graph {
    var layers = Layers()
    var x = layers.input([3])
    for (k, type) in types.enumerated() {
      let node = try layers.graph.insert(
        Cast(to: type), name: "c\(k)", inputs: [x], origin: "")
      x = layers.graph[node].outputs[0]
    }
    layers.graph.addOutput(try layers.relu(x, "y"))
    return layers.graph
  }

  @Test func `a conversion to the type that is there is nothing`() throws {
    let result = try expectKept(casts([.float32]), [CancelCasts(), RemoveUnused()])
    #expect(result.operators == ["Relu"])
  }

  @Test func `a wider type between is skipped, a narrower one is not`() throws {
    var wide = try casts([.float16, .float32, .float16, .float32])
    try Pipeline([CancelCasts(), RemoveUnused()]).run(on: &wide, verifying: true)
    #expect(wide.operators == ["Cast", "Cast", "Relu"])
    var narrow = try casts([.float16, .float32])
    #expect(try CancelCasts().run(on: &narrow) == PassReport())
  }
}
