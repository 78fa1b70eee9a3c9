import ECKernels
import Foundation
import Testing

/// A function and what it must be.
struct EltwiseCase: Sendable, CustomStringConvertible {
  var kind: Eltwise
  var isPositive = false
  var function: @Sendable (Double) -> Double

  var description: String { "\(kind)" }

  static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

  static let all: [EltwiseCase] = [
    .init(kind: .relu) { max($0, 0) },
    .init(kind: .leakyRelu(slope: 0.1)) { $0 > 0 ? $0 : 0.1 * $0 },
    .init(kind: .elu(alpha: 1.5)) { $0 > 0 ? $0 : 1.5 * (exp($0) - 1) },
    .init(kind: .celu(alpha: 2)) { $0 > 0 ? $0 : 2 * (exp($0 / 2) - 1) },
    .init(kind: .selu(alpha: 1.67, gamma: 1.05)) { 1.05 * ($0 > 0 ? $0 : 1.67 * (exp($0) - 1)) },
    .init(kind: .sigmoid) { sigmoid($0) },
    .init(kind: .logSigmoid) { log(sigmoid($0)) },
    .init(kind: .tanh) { tanh($0) },
    .init(kind: .clip(min: -1, max: 0.5)) { min(max($0, -1), 0.5) },
    .init(kind: .swish(alpha: 1)) { $0 * sigmoid($0) },
    .init(kind: .swish(alpha: 1.7)) { $0 * sigmoid(1.7 * $0) },
    .init(kind: .gelu) { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) },
    .init(kind: .geluTanh) {
      0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0)))
    },
    .init(kind: .hardSwish) { $0 * min(max($0 / 6 + 0.5, 0), 1) },
    .init(kind: .hardSigmoid(alpha: 0.2, beta: 0.5)) { min(max(0.2 * $0 + 0.5, 0), 1) },
    .init(kind: .softplus) { log(1 + exp($0)) },
    .init(kind: .softsign) { $0 / (1 + abs($0)) },
    .init(kind: .mish) { $0 * tanh(log(1 + exp($0))) },
    .init(kind: .thresholdedRelu(alpha: 0.7)) { $0 > 0.7 ? $0 : 0 },
    .init(kind: .linear(alpha: 2, beta: -0.5)) { 2 * $0 - 0.5 },
    .init(kind: .power(exponent: 1.5), isPositive: true) { pow($0, 1.5) },
    .init(kind: .power(exponent: -0.5), isPositive: true) { pow($0, -0.5) },
    .init(kind: .power(exponent: 3)) { pow($0, 3) },
    .init(kind: .exp) { exp($0) },
    .init(kind: .log, isPositive: true) { log($0) },
    .init(kind: .sqrt, isPositive: true) { sqrt($0) },
    .init(kind: .square) { $0 * $0 },
    .init(kind: .abs) { abs($0) },
    .init(kind: .negate) { -$0 },
    .init(kind: .reciprocal) { 1 / $0 },
    .init(kind: .erf) { erf($0) },
    .init(kind: .round) { $0.rounded(.toNearestOrEven) },
    .init(kind: .floor) { $0.rounded(.down) },
    .init(kind: .ceil) { $0.rounded(.up) },
    .init(kind: .sign) { $0 > 0 ? 1 : -1 },
    .init(kind: .sin) { sin($0) },
    .init(kind: .cos) { cos($0) },
  ]
}

@Suite struct ElementTests {
  @Test(arguments: EltwiseCase.all)
  func `eltwise functions equal their formulas`(_ c: EltwiseCase) throws {
    var x = Grid.random([1, 5, 3, 7])
    x.values = x.values.map { c.isPositive ? abs($0) * 4 + 0.01 : $0 * 4 }
    let y = Grid(dims: x.dims, values: x.values.map { Float(c.function(Double($0))) })
    let found = try evaluate([x], orders: [channelsLast]) { builder, inputs in
      [builder.eltwise(c.kind, inputs[0])]
    }
    #expect(distance(found[0], y) < 1e-5)
    // Behind a convolution with one weight of 1 it's fused.
    let fused = try evaluate([x]) { builder, inputs in
      let identity = Grid([5, 5, 1, 1]) { $0[0] == $0[1] ? 1 : 0 }
      let weights = builder.constant(dims: identity.dims, identity.values)
      return [builder.eltwise(c.kind, builder.convolution(inputs[0], weights: weights))]
    }
    #expect(distance(fused[0], y) < 1e-5)
  }

  static let gates: [(function: Eltwise, value: @Sendable (Float) -> Float)] = [
    (.sigmoid, { 1 / (1 + exp(-$0)) }), (.hardSigmoid(alpha: 1 / 6, beta: 0.5), hardSigmoid),
    (.hardSigmoid(alpha: 0.2, beta: 0.5), { min(max(0.2 * $0 + 0.5, 0), 1) }),
  ]
  private static let hardSigmoid: @Sendable (Float) -> Float = { min(max($0 / 6 + 0.5, 0), 1) }

  @Test(arguments: [0, 1, 2], [(false, false), (true, false), (false, true)])
  func `a value times its gate is as defined, swapped or read elsewhere too`(
    _ index: Int, _ form: (isSwapped: Bool, isReadElsewhere: Bool)
  ) throws {
    let gate = Self.gates[index]
    let (isSwapped, isReadElsewhere) = form
    let x = Grid.random([2, 5, 3, 7])
    let y = Grid(dims: x.dims, values: x.values.map { 4 * $0 * gate.value(4 * $0) })
    let found = try evaluate([x]) { builder, inputs in
      let identity = Grid([5, 5, 1, 1]) { $0[0] == $0[1] ? 4 : 0 }
      let weights = builder.constant(dims: identity.dims, identity.values)
      let made = builder.convolution(inputs[0], weights: weights)
      let share = builder.eltwise(gate.function, made)
      let product = builder.binary(
        .multiply, isSwapped ? share : made, isSwapped ? made : share)
      return isReadElsewhere ? [product, made] : [product]
    }
    #expect(distance(found[0], y) < 1e-5)
    if isReadElsewhere { #expect(distance(found[1], x.scaled(by: 4)) < 1e-5) }
  }

  @Test func `swish made of two functions is fused into its convolution`() throws {
    var builder = ProgramBuilder()
    let x = builder.input(dims: [1, 16, 4, 4])
    let weights = builder.constant(dims: [16, 16, 1, 1], [Float](repeating: 0.1, count: 256))
    let made = builder.convolution(x, weights: weights)
    builder.output(builder.binary(.multiply, made, builder.eltwise(.sigmoid, made)))
    let kernels = try builder.build().listing.map(\.kernel).filter { !$0.hasPrefix("reorder") }
    #expect(kernels.count == 1)
  }

  static let shapes: [([Int], [Int])] = [
    ([2, 3, 4, 5], [2, 3, 4, 5]), ([2, 20, 4, 5], [1, 20, 1, 1]), ([2, 20, 4, 5], [2, 20, 1, 1]),
    ([1, 3, 4, 5], [1, 1, 1, 1]), ([2, 3, 4, 5], [2, 1, 4, 5]), ([2, 3, 4, 5], [1, 1, 1, 5]),
    ([2, 3, 4, 5], [5]), ([2, 3, 4, 5], []), ([2, 1, 4, 1], [1, 3, 1, 5]), ([3, 4], [4]),
    ([3, 1], [1, 4]), ([6], [6]), ([], []), ([2, 3, 2, 2, 3, 2], [1, 3, 1, 2, 1, 2]),
  ]

  @Test(arguments: shapes, BinaryKind.allCases)
  func `binary functions broadcast either side`(_ dims: ([Int], [Int]), _ kind: BinaryKind) throws {
    for (p, q) in [(dims.0, dims.1), (dims.1, dims.0)] {
      var (a, b) = (Grid.random(p), Grid.random(q, seed: 2))
      a.values = a.values.map { abs($0) + 0.1 }
      b.values = b.values.map { abs($0) + 0.1 }
      let rank = max(p.count, q.count)
      let long = [p, q].map { [Int](repeating: 1, count: rank - $0.count) + $0 }
      let expected = Grid(zip(long[0], long[1]).map { max($0, $1) }) { index in
        func pick(_ grid: Grid, _ dims: [Int]) -> Float {
          Grid(dims: dims, values: grid.values)[zip(index, dims).map { $1 == 1 ? 0 : $0 }]
        }
        let (x, y) = (pick(a, long[0]), pick(b, long[1]))
        return switch kind {
        case .add: x + y
        case .subtract: x - y
        case .multiply: x * y
        case .divide: x / y
        case .maximum: max(x, y)
        case .minimum: min(x, y)
        case .power: pow(x, y)
        }
      }
      for order in [MemoryOrder.rowMajor, .channelsLast(rank: rank)] {
        let orders = [p, q].map { $0.count == rank ? order : .rowMajor }
        let found = try evaluate([a, b], orders: orders) { builder, inputs in
          [builder.binary(kind, inputs[0], inputs[1])]
        }
        #expect(distance(found[0], expected) < 1e-5, "\(p) \(q) \(order)")
      }
      // With a constant on the right, and the left not needed later.
      let constant = try evaluate([a]) { builder, inputs in
        let left = builder.eltwise(.linear(alpha: 1, beta: 0), inputs[0])
        let made = builder.binary(kind, left, builder.constant(dims: q, b.values))
        return [builder.eltwise(.negate, made)]
      }
      let negative = Grid(dims: expected.dims, values: expected.values.map { -$0 })
      #expect(distance(constant[0], negative) < 1e-5, "\(p) \(q) constant")
    }
  }

  @Test func `a value combines with a transposition of itself`() throws {
    let x = Grid.random([1, 4, 5, 5])
    let found = try evaluate([x]) { builder, inputs in
      let y = builder.eltwise(.negate, inputs[0])
      return [builder.binary(.subtract, y, builder.transpose(y, [0, 1, 3, 2]))]
    }
    let expected = Grid(x.dims) { -x[$0] + x[[$0[0], $0[1], $0[3], $0[2]]] }
    #expect(distance(found[0], expected) < 1e-6)
  }

  @Test(
    arguments: ReductionKind.allCases, [[2, 3], [1], [0], [1, 3], [0, 1, 2, 3], [3], [-1, 0]])
  func `reductions equal plain loops`(_ kind: ReductionKind, _ axes: [Int]) throws {
    let x = Grid.random([2, 3, 4, 5])
    let real = Set(axes.map { $0 < 0 ? $0 + 4 : $0 })
    let kept = (0..<4).map { real.contains($0) ? 1 : x.dims[$0] }
    let expected = Grid(kept) { index in
      let members = Grid.indices(x.dims).filter { place in
        (0..<4).allSatisfy { real.contains($0) || place[$0] == index[$0] }
      }
      let values = members.map { Double(x[$0]) }
      let result: Double =
        switch kind {
        case .mean: values.reduce(0, +) / Double(values.count)
        case .sum: values.reduce(0, +)
        case .maximum: values.max() ?? 0
        case .minimum: values.min() ?? 0
        case .product: values.reduce(1, *)
        case .l1: values.reduce(0) { $0 + abs($1) }
        case .l2: sqrt(values.reduce(0) { $0 + $1 * $1 })
        case .sumOfSquares: values.reduce(0) { $0 + $1 * $1 }
        case .logSum: log(values.reduce(0, +))
        case .logSumExp: log(values.reduce(0) { $0 + exp($1) })
        }
      return Float(result)
    }
    for order in [MemoryOrder.rowMajor, channelsLast] {
      let found = try evaluate([x], orders: [order]) { builder, inputs in
        [
          builder.reduction(kind, inputs[0], axes: axes, keepDims: true),
          builder.reduction(kind, inputs[0], axes: axes, keepDims: false),
        ]
      }
      func isClose(_ a: [Float], _ b: [Float]) -> Bool {
        a.count == b.count
          && zip(a, b).allSatisfy { abs($0 - $1) < 1e-5 || ($0.isNaN && $1.isNaN) }
      }
      #expect(isClose(found[0].values, expected.values))
      #expect(isClose(found[1].values, expected.values))
      #expect(found[1].dims == (0..<4).filter { !real.contains($0) }.map { x.dims[$0] })
    }
  }

  @Test(arguments: [
    ([2, 7], 1), ([2, 3, 4, 5], 1), ([2, 3, 4, 5], -1), ([2, 20, 4, 5], 2),
    ([3, 4], 0), ([6], 0),
  ])
  func `softmax normalises along any axis`(_ dims: [Int], _ axis: Int) throws {
    let x = Grid.random(dims)
    let real = axis < 0 ? axis + dims.count : axis
    func row(_ index: [Int]) -> Double {
      (0..<dims[real]).reduce(0) { sum, i in
        var place = index
        place[real] = i
        return sum + exp(Double(x[place]))
      }
    }
    let expected = Grid(dims) { Float(exp(Double(x[$0])) / row($0)) }
    let logarithms = Grid(dims) { Float(Double(x[$0]) - log(row($0))) }
    for order in [MemoryOrder.rowMajor, .channelsLast(rank: dims.count)] {
      let found = try evaluate([x], orders: [order]) { builder, inputs in
        [builder.softmax(inputs[0], axis: axis), builder.logSoftmax(inputs[0], axis: axis)]
      }
      #expect(distance(found[0], expected) < 1e-6)
      #expect(distance(found[1], logarithms) < 1e-5)
    }
  }
}
