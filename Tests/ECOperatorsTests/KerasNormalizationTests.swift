import ECGraph
import ECTensor
import Testing

@Suite struct KerasNormalizationTests {
  private let image = random([2, 3, 2, 4])

  @Test func `layers of Keras are normalized over their channels`() throws {
    let (gamma, beta) = (random([4], seed: 2), random([4], seed: 3))
    expectEqual(
      try keras(
        "LayerNormalization", [image], ["axis": -1, "epsilon": .float(1e-4)],
        weights: ["gamma": gamma, "beta": beta]),
      try onnx("LayerNormalization", [image], [gamma, beta], ["epsilon": .float(1e-4)]))
    #expect(throws: FormatError.self) {
      try keras("LayerNormalization", [image], ["rms_scaling": true], weights: ["gamma": gamma])
    }
  }

  @Test func `groups of Keras stand on the last axis`() throws {
    let (gamma, beta) = (random([4], seed: 2), random([4], seed: 3))
    let found = try keras(
      "GroupNormalization", [image], ["groups": 2, "epsilon": .float(1e-5)],
      weights: ["gamma": gamma, "beta": beta])
    let expected = try onnx(
      "GroupNormalization", [first(image)], [gamma, beta], ["num_groups": 2], opset: 21)
    expectEqual(found, last(expected))
  }

  @Test func `units have the length one, and branches are scaled channel by channel`() throws {
    expectEqual(
      try keras("UnitNormalization", [Tensor([3.0, -4, 0, 0], shape: [2, 2])], [:]),
      Tensor([0.6, -0.8, 0, 0], shape: [2, 2]))
    let gamma = random([4], seed: 2)
    let (x, g) = (Reader(image), Reader(gamma))
    expectEqual(
      try keras("LayerScale", [image], ["projection_dim": 4], weights: ["gamma": gamma]),
      tensor(image.shape) { x[$0] * g[[$0[3]]] })
  }

  /// Twice as large, each pixel is there four times, by whatever rule halves are rounded.
  @Test(arguments: [
    ("Resize", 13, "half_pixel"), ("Resize", 13, "asymmetric"), ("Resize", 10, ""),
    ("Upsample", 9, ""),
  ])
  func `pictures grow by whole pixels`(type: String, opset: Int, coordinates: String) throws {
    let attributes: FormatObject =
      coordinates.isEmpty ? [:] : ["coordinate_transformation_mode": .string(coordinates)]
    let scales = Tensor([1.0, 1, 2, 2], shape: [4])
    let constants = opset == 13 ? [nil, scales] : [scales]
    let x = Reader(image)
    expectEqual(
      try onnx(type, [image], constants, attributes, opset: opset),
      tensor([2, 3, 4, 8]) { x[[$0[0], $0[1], $0[2] / 2, $0[3] / 2]] })
    let sizes: [Tensor?] = [nil, nil, whole([4, 8])]
    expectEqual(
      try onnx("Resize", [image], sizes, ["axes": ints([2, 3])], opset: 18),
      tensor([2, 3, 4, 8]) { x[[$0[0], $0[1], $0[2] / 2, $0[3] / 2]] })
  }
}
