import ECExecution
import ECGraph
import ECPasses
import ECTensor
import Glibc
import Testing

@Suite struct ClassifierTests {
  /// Replaces the classifier by one of three classes and expects its output to be the softmax, or the
  /// scores, of a linear map of the site's features.
  private func expectReplaced(
    _ layers: Layers, layer: String?, keepsLayers: Bool, width: Int, softmax: Bool,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var layers = layers
    var graph = layers.graph
    let name = graph[graph.outputs[0]].name
    let classifier = try Classifier(in: graph)
    #expect(classifier.layer == layer, sourceLocation: sourceLocation)
    #expect(classifier.keepsLayers == keepsLayers, sourceLocation: sourceLocation)
    let site = try classifier.prepare(
      &graph, layout: .channelsLast, addsSoftmax: layer == nil ? true : nil)
    #expect(site.width == width, sourceLocation: sourceLocation)
    let kernel = layers.random([3, width])
    let bias = layers.random([3])
    try site.fill(&graph, kernel: kernel, bias: bias)
    try graph.verify()
    if layer != nil { #expect(graph.outputNames == [name], sourceLocation: sourceLocation) }

    let inputs = try graph.samples()
    let found = try graph.run(inputs)[0]
    #expect(found.shape == [2, 3], sourceLocation: sourceLocation)
    let features = try Evaluator(
      graph: graph, inputShapes: inputs.map(\.shape), outputs: [site.features]
    ).run(inputs)[0].floats()
    for row in 0..<2 {
      var scores = (0..<3).map { c -> Float in
        var sum = bias.floats()[c]
        for k in 0..<width { sum += kernel.floats()[c * width + k] * features[row * width + k] }
        return sum
      }
      if softmax {
        let sum = scores.reduce(0) { $0 + exp($1) }
        scores = scores.map { exp($0) / sum }
      }
      for c in 0..<3 {
        #expect(
          abs(found.floats()[row * 3 + c] - scores[c]) < 1e-4, sourceLocation: sourceLocation)
      }
    }
  }

  private func features() throws -> (layers: Layers, x: ValueID) {
    var layers = Layers()
    let x = layers.input([8, 8, 3])
    let features = try layers.relu(layers.conv(x, "c", 6), "r")
    return (layers, features)
  }

  @Test func `a dense layer stays and gets other weights, with a softmax behind it or not`() throws
  {
    var (layers, x) = try features()
    let pooled = try layers.plain("GlobalAveragePooling2D", x, "pool")
    let scores = try layers.dense(pooled, "top", 5)
    var plain = layers
    plain.graph.addOutput(scores)
    try expectReplaced(plain, layer: "top", keepsLayers: true, width: 6, softmax: false)
    layers.graph.addOutput(try layers.plain("Softmax", scores, "probabilities"))
    try expectReplaced(layers, layer: "top", keepsLayers: true, width: 6, softmax: true)
  }

  @Test func `a convolution of one pixel stays, and the reshape behind it follows`() throws {
    var (layers, x) = try features()
    let pooled = try layers.layer(
      "GlobalAveragePooling2D", "pool", [x], ["keepdims": .bool(true)])
    let scores = try layers.conv(pooled, "top", 5, size: 1)
    let row = try layers.layer("Reshape", "row", [scores], ["target_shape": .list([5])])
    layers.graph.addOutput(try layers.plain("Softmax", row, "probabilities"))
    try expectReplaced(layers, layer: "top", keepsLayers: true, width: 6, softmax: true)
  }

  @Test func `scores of every pixel that are pooled are made from pooled features instead`() throws
  {
    var (layers, x) = try features()
    let scores = try layers.relu(layers.conv(x, "top", 5, size: 1), "rectified")
    let pooled = try layers.plain("GlobalAveragePooling2D", scores, "pool")
    layers.graph.addOutput(try layers.plain("Softmax", pooled, "probabilities"))
    try expectReplaced(layers, layer: "top", keepsLayers: false, width: 6, softmax: true)
  }

  @Test func `a network without classifier gets one behind its output`() throws {
    var (layers, x) = try features()
    layers.graph.addOutput(x)
    try expectReplaced(layers, layer: nil, keepsLayers: false, width: 6, softmax: true)
  }

  @Test func `of several outputs the first stays`() throws {
    var (layers, x) = try features()
    let pooled = try layers.plain("GlobalAveragePooling2D", x, "pool")
    layers.graph.addOutput(try layers.dense(pooled, "top", 5))
    layers.graph.addOutput(try layers.dense(pooled, "other", 2))
    try expectReplaced(layers, layer: "top", keepsLayers: false, width: 6, softmax: false)
  }
}
