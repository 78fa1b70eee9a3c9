import ECGraph
import ECTensor
import Testing

@Suite struct QuantizationTests {
  private let scale = Tensor(scalar: 0.5)

  @Test func `numbers are rounded to even, shifted and clipped`() throws {
    let x = Tensor([0.25, 0.75, -0.3, 100, -100], shape: [1, 5])
    let zero = try #require(Tensor([3], .int8, shape: []))
    expectEqual(
      try onnx("QuantizeLinear", [x], [scale, zero]),
      Tensor([3, 5, 2, 127, -128], shape: [1, 5]))
    expectEqual(
      try onnx("DequantizeLinear", [Tensor([3, 5, 2, 127, -128], shape: [1, 5])], [scale, zero]),
      Tensor([0, 1, -0.5, 62, -65.5], shape: [1, 5]))
  }

  @Test func `scales of single channels are cut with them`() throws {
    var drawing = Drawing()
    let x = drawing.input([3, 4, 4])
    let made = try drawing.conv(x, "c", 4)
    let scales = drawing.weight([4], "scales")
    let zeros = drawing.graph.addConstant(
      "zeros", try #require(Tensor([0, 0, 0, 0], .int8, shape: [4])))
    let whole = try drawing.onnx("QuantizeLinear", [made, scales, zeros], name: "q")
    let y = try drawing.onnx("DequantizeLinear", [whole, scales, zeros], name: "d")
    #expect(drawing.graph[whole].type.elementType == .int8)
    let labels = Labelling(drawing)
    #expect(labels.units(y) == labels.units(made))
    for (node, operand) in [("q", 1), ("q", 2), ("d", 1), ("d", 2)] {
      #expect(labels.ties(of: node, operand: operand).first?.units == labels.units(made))
    }
  }

  @Test func `blocks and scales for other channels are refused`() {
    let x = random([1, 4])
    #expect(throws: FormatError.self) {
      try onnx("DequantizeLinear", [x], [scale], ["block_size": 2])
    }
    #expect(throws: FormatError.self) { try onnx("DequantizeLinear", [x], [random([3])]) }
  }
}
