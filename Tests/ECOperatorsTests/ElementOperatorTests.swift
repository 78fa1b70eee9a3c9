import ECGraph
import ECTensor
import Glibc
import Testing

private typealias Function = @Sendable (Double) -> Double

@Sendable private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

/// The functions of ONNX by their definitions, with the attributes that they are given.
private let functions: [(type: String, attributes: FormatObject, definition: Function)] = [
  ("Relu", [:], { max($0, 0) }), ("Sigmoid", [:], sigmoid), ("Tanh", [:], { tanh($0) }),
  ("LeakyRelu", ["alpha": .float(0.25)], { $0 < 0 ? 0.25 * $0 : $0 }),
  ("Elu", ["alpha": .float(1.5)], { $0 < 0 ? 1.5 * (exp($0) - 1) : $0 }),
  ("Celu", ["alpha": .float(2)], { max($0, 0) + min(0, 2 * (exp($0 / 2) - 1)) }),
  (
    "Selu", [:],
    { 1.0507009873554805 * ($0 > 0 ? $0 : 1.6732632423543772 * (exp($0) - 1)) }
  ),
  (
    "HardSigmoid", ["alpha": .float(0.25), "beta": .float(0.5)],
    { max(0, min(1, 0.25 * $0 + 0.5)) }
  ),
  ("HardSwish", [:], { $0 * max(0, min(1, $0 / 6 + 0.5)) }),
  ("Mish", [:], { $0 * tanh(log1p(exp($0))) }), ("Softplus", [:], { log1p(exp($0)) }),
  ("Softsign", [:], { $0 / (1 + abs($0)) }),
  ("Gelu", [:], { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }),
  (
    "Gelu", ["approximate": "tanh"],
    { 0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }
  ),
  ("ThresholdedRelu", ["alpha": .float(0.75)], { $0 > 0.75 ? $0 : 0 }),
  ("Exp", [:], { exp($0) }), ("Abs", [:], { abs($0) }), ("Neg", [:], { -$0 }),
  ("Erf", [:], { erf($0) }), ("Floor", [:], { floor($0) }), ("Ceil", [:], { ceil($0) }),
  ("Round", [:], { rint($0) }), ("Sign", [:], { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }),
  ("Sin", [:], { sin($0) }), ("Cos", [:], { cos($0) }),
  (
    "Shrink", ["lambd": .float(0.5), "bias": .float(0.5)],
    { $0 < -0.5 ? $0 + 0.5 : $0 > 0.5 ? $0 - 0.5 : 0 }
  ),
  ("Shrink", ["lambd": .float(0.5)], { abs($0) > 0.5 ? $0 : 0 }),
]

@Suite struct ElementOperatorTests {
  private func expect(
    _ found: Tensor, _ definition: (Double) -> Double, of points: [Float], _ label: String
  ) {
    for (x, y) in zip(points, found.floats()) {
      let expected = definition(Double(x))
      let tolerance = 5e-6 * max(1, abs(expected))
      #expect(abs(Double(y) - expected) <= tolerance, "\(label) of \(x) is \(y), not \(expected)")
    }
  }

  @Test func `functions of one operand are their definitions`() throws {
    let points: [Float] = [
      -6, -3.5, -2.5, -1.75, -1, -0.6, -0.25, 0, 0.25, 0.5, 0.6, 0.8, 1, 1.5, 2.5, 3, 4.5, 7,
    ]
    let x = Tensor(points, shape: [1, points.count])
    for (type, attributes, definition) in functions {
      expect(try onnx(type, [x], [], attributes), definition, of: points, type)
    }
    let positive = points.map { abs($0) + 0.125 }
    let y = Tensor(positive, shape: [1, points.count])
    expect(try onnx("Log", [y]), { log($0) }, of: positive, "Log")
    expect(try onnx("Sqrt", [y]), { $0.squareRoot() }, of: positive, "Sqrt")
    expect(try onnx("Reciprocal", [y]), { 1 / $0 }, of: positive, "Reciprocal")
  }

  @Test func `clipping takes either bound, or none`() throws {
    let points: [Float] = [-3, -0.5, 0, 0.5, 3]
    let x = Tensor(points, shape: [1, 5])
    let (low, high) = (Tensor(scalar: -1), Tensor(scalar: 2))
    #expect(try onnx("Clip", [x], [low, high]).floats() == [-1, -0.5, 0, 0.5, 2])
    #expect(try onnx("Clip", [x], [low]).floats() == [-1, -0.5, 0, 0.5, 3])
    #expect(try onnx("Clip", [x], [nil, high]).floats() == [-3, -0.5, 0, 0.5, 2])
    #expect(
      try onnx("Clip", [x], [], ["max": .float(0)], opset: 9).floats() == [-3, -0.5, 0, 0, 0])
  }

  @Test func `activations of Keras are their definitions`() throws {
    let points: [Float] = [-7, -3, -1, -0.5, 0, 0.5, 1, 2, 6.5]
    let x = Tensor(points, shape: [1, points.count])
    let table: [(String, (Double) -> Double)] = [
      ("linear", { $0 }), ("relu6", { min(max($0, 0), 6) }), ("swish", { $0 * sigmoid($0) }),
      ("silu", { $0 * sigmoid($0) }), ("gelu", { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }),
      ("hard_sigmoid", { max(0, min(1, $0 / 6 + 0.5)) }), ("exponential", { exp($0) }),
      ("softsign", { $0 / (1 + abs($0)) }), ("elu", { $0 < 0 ? exp($0) - 1 : $0 }),
    ]
    for (name, definition) in table where name != "linear" {
      let found = try keras("Activation", [x], ["activation": .string(name)])
      expect(found, definition, of: points, name)
    }
  }

  @Test func `a ReLU of Keras may have a ceiling, a slope and a threshold`() throws {
    let points: [Float] = [-3, -1, 0, 0.5, 1, 1.5, 2, 5]
    let x = Tensor(points, shape: [1, points.count])
    for (high, slope, threshold) in [
      (nil, 0, 0), (2, 0, 0), (nil, 0.25, 0), (2, 0.25, 0), (nil, 0, 1), (2, 0.5, 1),
    ] as [(Double?, Double, Double)] {
      let found = try keras(
        "ReLU", [x],
        [
          "max_value": high.map { .float($0) } ?? .null, "negative_slope": .float(slope),
          "threshold": .float(threshold),
        ])
      let definition = { (x: Double) in
        x < threshold ? slope * (x - threshold) : min(x, high ?? .infinity)
      }
      expect(found, definition, of: points, "\(high ?? 0) \(slope) \(threshold)")
    }
  }

  @Test(arguments: [
    ([3, 4], [3, 4]), ([3, 4], [1, 4]), ([3, 4], [3, 1]), ([3, 4, 2], [1, 4, 1]),
    ([1, 4], [3, 1]), ([3, 4, 2], [2]), ([3, 4, 2], []),
  ])
  func `operands of two broadcast from the right`(left: [Int], right: [Int]) throws {
    let a = random([2] + left, seed: 4, in: 0.5...2)
    let isConstant = right.count < left.count
    let b = random(isConstant ? right : [2] + right, seed: 5, in: 0.5...2)
    let shape =
      [2]
      + left.indices.map { k in
        let missing = left.count - right.count
        return max(left[k], k < missing ? 1 : right[k - missing])
      }
    func at(_ x: Tensor, _ index: [Int]) -> Float {
      let tail = index.suffix(x.shape.count)
      return Reader(x)[zip(tail, x.shape).map { $1 == 1 ? 0 : $0 }]
    }
    let table: [(String, (Float, Float) -> Float)] = [
      ("Add", { $0 + $1 }), ("Sub", { $0 - $1 }), ("Mul", { $0 * $1 }), ("Div", { $0 / $1 }),
      ("Max", { max($0, $1) }), ("Min", { min($0, $1) }), ("Pow", { powf($0, $1) }),
    ]
    for (type, function) in table {
      let found = try isConstant ? onnx(type, [a], [b]) : onnx(type, [a, b])
      expectEqual(found, tensor(shape) { function(at(a, $0), at(b, $0)) })
    }
  }

  @Test func `a slope of PReLU follows its shape`() throws {
    let image = random([2, 3, 4, 2])
    let x = Reader(image)
    for shape in [[1, 1, 2], [3, 4, 2], [1, 4, 1]] {
      let alpha = random(shape, seed: 2)
      let a = Reader(alpha)
      let expected = tensor(image.shape) { at in
        let value = x[at]
        return value < 0 ? value * a[zip(at[1...], shape).map { $1 == 1 ? 0 : $0 }] : value
      }
      expectEqual(try keras("PReLU", [image], [:], weights: ["alpha": alpha]), expected)
    }
  }

  @Test(arguments: [1, 2, 3])
  func `softmax sums to one along its axis`(axis: Int) throws {
    let image = random([2, 3, 4, 5], in: -3...3)
    let x = Reader(image)
    func sum(_ at: [Int]) -> Float {
      (0..<image.shape[axis]).reduce(0) { sum, k in
        var at = at
        at[axis] = k
        return sum + expf(x[at])
      }
    }
    let expected = tensor(image.shape) { expf(x[$0]) / sum($0) }
    expectEqual(try onnx("Softmax", [image], [], ["axis": .int(axis)]), expected)
    expectEqual(try keras("Softmax", [image], ["axis": .int(axis - 4)]), expected)
    let logarithms = tensor(image.shape) { x[$0] - logf(sum($0)) }
    expectEqual(try onnx("LogSoftmax", [image], [], ["axis": .int(axis - 4)]), logarithms)
  }

  @Test(arguments: [1, 2, 3])
  func `normalization runs along its axis`(axis: Int) throws {
    let image = random([2, 3, 4, 5])
    let count = image.shape[axis]
    let weights = [
      "gamma": random([count], seed: 2), "beta": random([count], seed: 3),
      "moving_mean": random([count], seed: 4),
      "moving_variance": random([count], seed: 5, in: 0.1...2),
    ]
    let read = weights.mapValues { Reader($0) }
    let x = Reader(image)
    let expected = tensor(image.shape) { at in
      func number(_ name: String) -> Float { read[name]?[[at[axis]]] ?? .nan }
      let scale = (number("moving_variance") + 0.01).squareRoot()
      return number("gamma") * (x[at] - number("moving_mean")) / scale + number("beta")
    }
    let found = try keras(
      "BatchNormalization", [image], ["axis": .int(axis), "epsilon": .float(0.01)],
      weights: weights)
    expectEqual(found, expected)
  }

  @Test(arguments: [[4], [3, 4], [2, 3, 4]])
  func `a dense layer multiplies the last axis`(shape: [Int]) throws {
    let rows = random([2] + shape)
    let (kernel, bias) = (random([4, 3], seed: 2), random([3], seed: 3))
    let (x, k, b) = (Reader(rows), Reader(kernel), Reader(bias))
    let expected = tensor([2] + shape.dropLast() + [3]) { at in
      (0..<4).reduce(b[[at[at.count - 1]]]) { sum, i in
        sum + x[at.dropLast() + [i]] * k[[i, at[at.count - 1]]]
      }
    }
    let found = try keras(
      "Dense", [rows], ["units": 3], weights: ["kernel": kernel, "bias": bias])
    expectEqual(found, expected)
    let turned = kernel.permuted([1, 0]).materialized()
    if shape.count == 1 {
      expectEqual(try onnx("Gemm", [rows], [turned, bias], ["transB": 1]), expected)
    }
  }
}
