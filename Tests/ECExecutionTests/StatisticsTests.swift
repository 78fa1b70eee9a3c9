import ECExecution
import ECGraph
import ECTensor
import Testing

/// A graph that hands its input `[?, …]` through, with the value to tap.
private func relay(_ shape: [Int]) throws -> (graph: Graph, tap: ValueID) {
  var graph = Graph(name: "relay")
  let x = graph.addInput("x", ValueType(.float32, [.symbolic("n")] + shape.map { .fixed($0) }))
  let node = try graph.insert(
    Relay(), name: "y", inputs: [x], origin: "")
  graph.addOutput(graph[node].outputs[0])
  return (graph, graph[node].outputs[0])
}

/// y = 2x for any shape.
private struct Relay: Operator {
  var name: String { "Relay" }
  var axes: AxisSignature { "… -> …" }
  var attributeText: String { "" }
  func infer(_ operands: Operands) throws(GraphError) -> [ValueType] { [try operands.type(0)] }
  func macs(_ operands: Operands, results: [ValueType]) -> Int { 0 }
  func couple(_ coupling: inout Coupling) {}
  func cut(_ cut: Cut) throws(GraphError) -> any Operator { self }
  func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout { .keeps }
  func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    values.compactMap { $0 }.map { builder.unary(.linear(scale: 2, shift: 0), $0) }
  }
  func onnxNodes(_ context: ExportContext) -> ExportedNodes? { nil }
  func kerasLayers(_ context: LayerContext) -> ExportedLayers? { nil }
}

/// The moments of rows, by the textbook.
private func moments(_ rows: [[Double]]) -> (mean: [Double], covariance: [Double]) {
  let n = rows[0].count
  let mean = (0..<n).map { k in rows.reduce(0) { $0 + $1[k] } / Double(rows.count) }
  let covariance = indices([n, n]).map { at in
    rows.reduce(0) { $0 + ($1[at[0]] - mean[at[0]]) * ($1[at[1]] - mean[at[1]]) }
      / Double(rows.count)
  }
  return (mean, covariance)
}

private func expectClose(_ a: [Double], _ b: [Double], _ tolerance: Double) {
  #expect(a.count == b.count)
  #expect(zip(a, b).allSatisfy { abs($0 - $1) <= tolerance })
}

@Test(arguments: [ImageLayout.channelsFirst, .channelsLast], [1, 1 << 30])
func `moments of channels are those of all positions`(_ layout: ImageLayout, bytes: Int) throws {
  // A large mean, as behind an activation that rarely rests.
  let image = tensor([5, 3, 6, 7]) { at in
    40 + Float((at[0] * 7 + at[1] * at[2] * 3 + at[3] * at[3]) % 11) * (1 + Float(at[1]))
  }
  let x = Reader(image)
  let given = stored(image, layout)
  let (graph, tap) = try relay(Array(given.shape.dropFirst()))
  let axis = layout.channelAxis(rank: 4)
  var statistics = ChannelStatistics(
    graph: graph,
    taps: [
      ChannelTap(value: tap, axis: axis, positions: [[0], [1], [2]]),
      ChannelTap(value: graph.inputs[0], axis: axis, positions: [[2], [0]]),
    ])
  statistics.byteLimit = bytes
  try statistics.add([given], batch: 2)
  let rows = indices([5, 6, 7]).map { at in
    (0..<3).map { Double(x[[at[0], $0, at[1], at[2]]]) }
  }
  let found = statistics.moments()
  #expect(found.map(\.sampleCount) == [210, 210])
  let whole = moments(rows.map { $0.map { 2 * $0 } })
  expectClose(found[0].mean, whole.mean, 1e-4)
  expectClose(found[0].covariance, whole.covariance, 1e-2)
  let part = moments(rows.map { [$0[2], $0[0]] })
  expectClose(found[1].mean, part.mean, 1e-4)
  expectClose(found[1].covariance, part.covariance, 1e-2)
}

@Test func `a channel's positions behind a flatten are samples of it`() throws {
  let x = random([4, 6])
  let (graph, tap) = try relay([6])
  // Channels last: position p of channel c is 2p + c.
  var statistics = ChannelStatistics(
    graph: graph, taps: [ChannelTap(value: tap, axis: 1, positions: [[0, 2, 4], [1, 3, 5]])])
  try statistics.add([x], batch: 4)
  let numbers = x.floats().map { Double(2 * $0) }
  let rows = (0..<12).map { [numbers[2 * $0], numbers[2 * $0 + 1]] }
  let found = statistics.moments()[0]
  let expected = moments(rows)
  #expect(found.sampleCount == 12)
  expectClose(found.mean, expected.mean, 1e-6)
  expectClose(found.covariance, expected.covariance, 1e-6)
}

@Test func `no more positions are taken than the limit`() throws {
  let x = random([1, 150, 200, 2])
  let (graph, tap) = try relay([150, 200, 2])
  var statistics = ChannelStatistics(
    graph: graph, taps: [ChannelTap(value: tap, axis: 3, positions: [[0], [1]])])
  try statistics.add([x], batch: 1)
  let found = statistics.moments()[0]
  #expect(found.sampleCount == ChannelStatistics.positionLimit)
  // Uniform in ±2: variance 4/3.
  #expect(abs(found.covariance[0] - 4.0 / 3) < 0.05)
  #expect(abs(found.covariance[1]) < 0.05)
}
