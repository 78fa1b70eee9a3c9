import ECGraph
import ECTensor
import Testing

@Suite struct NormalizationTests {
  private let image = random([2, 4, 3, 5])

  /// `(x - mean) / sqrt(variance + epsilon)` over all positions that `same` gives one key.
  private func normalized(
    _ x: Tensor, epsilon: Double = 1e-5, square: Bool = false, by same: ([Int]) -> [Int]
  ) -> Tensor {
    let places = indices(x.shape)
    var pools: [[Int]: [Double]] = [:]
    for (place, element) in zip(places, x.floats()) {
      pools[same(place), default: []].append(Double(element))
    }
    let reader = Reader(x)
    return tensor(x.shape) { place in
      let pool = pools[same(place)] ?? []
      let mean = square ? 0 : pool.reduce(0, +) / Double(pool.count)
      let variance = pool.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(pool.count)
      return Float((Double(reader[place]) - mean) / (variance + epsilon).squareRoot())
    }
  }

  private func affine(
    _ x: Tensor, _ scale: Tensor, _ shift: Tensor, at place: @escaping ([Int]) -> [Int]
  ) -> Tensor {
    let (r, s, b) = (Reader(x), Reader(scale), Reader(shift))
    return tensor(x.shape) { r[$0] * s[place($0)] + b[place($0)] }
  }

  @Test func `layers are normalized over their last axes`() throws {
    let (scale, shift) = (random([3, 5], seed: 2), random([3, 5], seed: 3))
    let found = try onnx(
      "LayerNormalization", [image], [scale, shift], ["axis": 2, "epsilon": .float(1e-3)])
    let normal = normalized(image, epsilon: 1e-3) { Array($0[..<2]) }
    expectEqual(found, affine(normal, scale, shift) { Array($0[2...]) })
  }

  @Test func `root mean squares leave the mean where it is`() throws {
    let scale = random([5], seed: 2)
    let found = try onnx("RMSNormalization", [image], [scale], opset: 23)
    let normal = normalized(image, square: true) { Array($0[..<3]) }
    expectEqual(found, affine(normal, scale, random([5], in: 0...0)) { [$0[3]] })
  }

  @Test func `instances are normalized channel by channel`() throws {
    let (scale, shift) = (random([4], seed: 2), random([4], seed: 3))
    let found = try onnx("InstanceNormalization", [image], [scale, shift])
    expectEqual(found, affine(normalized(image) { Array($0[..<2]) }, scale, shift) { [$0[1]] })
  }

  @Test func `groups have a scale per channel, and one per group before opset 21`() throws {
    let (scale, shift) = (random([4], seed: 2), random([4], seed: 3))
    let normal = normalized(image) { [$0[0], $0[1] / 2] }
    let attributes: FormatObject = ["num_groups": 2]
    expectEqual(
      try onnx("GroupNormalization", [image], [scale, shift], attributes, opset: 21),
      affine(normal, scale, shift) { [$0[1]] })
    let (old, older) = (random([2], seed: 4), random([2], seed: 5))
    expectEqual(
      try onnx("GroupNormalization", [image], [old, older], attributes, opset: 18),
      affine(normal, old, older) { [$0[1] / 2] })
  }

  @Test(arguments: [3, 4])
  func `neighbouring channels divide each other`(size: Int) throws {
    let found = try onnx(
      "LRN", [image], [], ["size": .int(size), "alpha": .float(0.5), "bias": .float(2)])
    let x = Reader(image)
    let expected = tensor(image.shape) { at in
      var sum: Float = 0
      for c in (at[1] - (size - 1) / 2)...(at[1] + size / 2) {
        let neighbour = x[[at[0], c, at[2], at[3]]]
        sum += neighbour * neighbour
      }
      let base = 2 + 0.5 / Float(size) * sum
      return x[at] / (base.squareRoot() * base.squareRoot().squareRoot())
    }
    expectEqual(found, expected)
  }

  @Test func `rows get the length one, zeros stay`() throws {
    let rows = Tensor([3.0, -4, 0, 0], shape: [2, 2])
    expectEqual(
      try onnx("LpNormalization", [rows]), Tensor([0.6, -0.8, 0, 0], shape: [2, 2]))
    expectEqual(
      try onnx("LpNormalization", [rows], [], ["p": 1]),
      Tensor([3.0 / 7, -4.0 / 7, 0, 0], shape: [2, 2]))
  }

  @Test func `an old softmax runs over all axes from its own on`() throws {
    let found = try onnx("Softmax", [image], [], opset: 11)
    let x = image.floats().map { Double($0) }
    let size = image.count / 2
    let expected = (0..<2).flatMap { n -> [Float] in
      let row = x[(n * size)..<((n + 1) * size)].map { Double.exponential($0) }
      let sum = row.reduce(0, +)
      return row.map { Float($0 / sum) }
    }
    expectEqual(found, Tensor(expected, shape: image.shape))
  }

  @Test func `only whole groups may leave, and what is normalized over channels stays`() throws {
    var d = Drawing()
    let x = d.input([2, 4, 4])
    let (a, b) = (try d.conv(x, "a", 4), try d.conv(x, "b", 4))
    let groups = try d.onnx(
      "GroupNormalization", [a, d.weight([4], "s"), d.weight([4], "t")], ["num_groups": 2],
      name: "groups", opset: 21)
    let rows = try d.onnx("Reshape", [b, d.numbers([0, 2, -1], "r")], name: "rows")
    _ = try d.onnx(
      "InstanceNormalization", [rows, d.weight([2], "u"), d.weight([2], "v")], name: "instances")
    let c = try d.conv(x, "c", 4)
    _ = try d.onnx("LRN", [c], ["size": 3], name: "neighbours")
    let l = Labelling(d)
    #expect(l.units(groups) == [1, 1, 3, 3])
    #expect(l.units(b) == [5, 5, 7, 7])
    #expect(l.ties(of: "instances").map(\.units) == [[5, 7], [5, 7]])
    #expect(l.units(c) == [0, 0, 0, 0])
    #expect(l.reasons == ["it is normalized across neighbouring channels (LRN)"])
  }
}

extension Double {
  /// `e` to a power, by its series.
  static func exponential(_ x: Double) -> Double {
    var (sum, term) = (1.0, 1.0)
    for k in 1...40 {
      term *= x / Double(k)
      sum += term
    }
    return sum
  }
}
