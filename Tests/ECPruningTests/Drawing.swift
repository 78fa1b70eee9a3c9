import ECExecution
import ECGraph
import ECOperators
import ECPruning
import ECTensor
import ECTestSupport

/// Draws tiny networks with the rules of ONNX, with weights of a seed.
struct Drawing {
  var graph: Graph
  var generator: SeededGenerator

  init(_ name: String, seed: UInt64 = 7) {
    graph = Graph(name: name)
    generator = SeededGenerator(seed: seed)
  }

  mutating func input(_ shape: [Int], _ name: String = "image") -> ValueID {
    graph.addInput(name, ValueType(.float32, [.symbolic("batch")] + shape.map { .fixed($0) }))
  }

  mutating func weight(_ name: String, _ shape: [Int], in range: ClosedRange<Float> = -1...1)
    -> ValueID
  {
    graph.addConstant(name, Tensor(generator.floats(shape.reduce(1, *), in: range), shape: shape))
  }

  mutating func node(
    _ type: String, _ name: String, _ inputs: [ValueID?], _ attributes: FormatObject = [:]
  ) throws -> ValueID {
    guard let rule = OperatorTable.standard.onnx[type] else { throw MissingRule(type: type) }
    var sketch = Sketch(graph: graph, layer: name)
    let described = ONNXNode(
      name: name, type: type, attributes: attributes, opset: 17, outputCount: 1)
    let results = try rule.read(described, inputs, &sketch)
    graph = sketch.finish()
    return results[0]
  }

  mutating func conv(
    _ x: ValueID, _ name: String, _ out: Int, size: Int = 1, stride: Int = 1, group: Int = 1,
    bias: Bool = false
  ) throws -> ValueID {
    let channels = graph[x].type.shape[1].value ?? 0
    let kernel = weight("\(name).w", [out, channels / group, size, size])
    let pad = size / 2
    return try node(
      "Conv", name, [x, kernel] + (bias ? [weight("\(name).b", [out])] : []),
      [
        "kernel_shape": .list([.int(size), .int(size)]),
        "strides": .list([.int(stride), .int(stride)]),
        "pads": .list([.int(pad), .int(pad), .int(pad), .int(pad)]), "group": .int(group),
      ])
  }

  mutating func norm(_ x: ValueID, _ name: String) throws -> ValueID {
    let count = graph[x].type.shape[1].value ?? 0
    return try node(
      "BatchNormalization", name,
      [
        x, weight("\(name).s", [count], in: 0.5...1.5), weight("\(name).t", [count]),
        weight("\(name).m", [count]), weight("\(name).v", [count], in: 0.5...1.5),
      ])
  }

  /// Convolution, batch normalization, ReLU.
  mutating func block(
    _ x: ValueID, _ name: String, _ out: Int, size: Int = 1, stride: Int = 1, group: Int = 1
  ) throws -> ValueID {
    let y = try norm(
      conv(x, name, out, size: size, stride: stride, group: group), "\(name)_bn")
    return try node("Relu", "\(name)_relu", [y])
  }

  mutating func dense(_ x: ValueID, _ name: String, _ out: Int) throws -> ValueID {
    let channels = graph[x].type.shape[1].value ?? 0
    let kernel = weight("\(name).w", [out, channels])
    return try node(
      "Gemm", name, [x, kernel, weight("\(name).b", [out])], ["transB": .int(1)])
  }

  /// Global pooling, flattening and a classifier as the graph's output.
  mutating func head(_ x: ValueID, _ classes: Int = 5) throws {
    let pooled = try node("GlobalAveragePool", "pool", [x])
    let flat = try node("Flatten", "flat", [pooled], ["axis": .int(1)])
    graph.addOutput(try dense(flat, "logits", classes))
  }

  mutating func reshape(_ x: ValueID, _ name: String, _ shape: [Int]) throws -> ValueID {
    let target = graph.addConstant("\(name).shape", Tensor(shape, shape: [shape.count]))
    return try node("Reshape", name, [x, target])
  }

  mutating func slice(_ x: ValueID, _ name: String, _ range: Range<Int>) throws -> ValueID {
    func vector(_ suffix: String, _ value: Int) -> ValueID {
      graph.addConstant("\(name).\(suffix)", Tensor([value], shape: [1]))
    }
    return try node(
      "Slice", name,
      [x, vector("start", range.lowerBound), vector("end", range.upperBound), vector("axis", 1)])
  }
}

struct MissingRule: Error {
  let type: String
}

extension Graph {
  /// The extents of an initializer.
  func shape(_ name: String) -> [Int]? { value(named: name).flatMap { constant($0)?.shape } }

  /// This graph with masks multiplied into what mixing operators read.
  func masked(_ masks: [RemoveChannels.Mask]) throws -> Graph {
    var drawing = Drawing(name)
    drawing.graph = self
    for (k, mask) in masks.enumerated() {
      guard let x = drawing.graph[mask.node].inputs[mask.operand] else { continue }
      let factor = drawing.graph.addConstant("mask\(k)", mask.mask)
      let y = try drawing.node("Mul", "masked\(k)", [x, factor])
      drawing.graph.setInput(mask.node, mask.operand, y)
    }
    drawing.graph.sortTopologically()
    try drawing.graph.retype()
    try drawing.graph.verify()
    return drawing.graph
  }

  /// The first output for an input of a seed.
  func run(seed: UInt64 = 3) throws -> Tensor {
    let shapes = try Evaluator.inputShapes(of: self, batch: 2)
    var generator = SeededGenerator(seed: seed)
    let inputs = shapes.map { Tensor(generator.floats($0.reduce(1, *)), shape: $0) }
    return try Evaluator(graph: self, inputShapes: shapes).run(inputs)[0]
  }
}
