import ECDiagnostics
import ECKernels
import Testing

/// One kernel to differentiate: its operands and what is made of them.
struct GradientCase: Sendable, CustomTestStringConvertible {
  var name: String
  var operands: [[Int]]
  /// Operands from 0.5 to 1.5 instead of -1 to 1.
  var isPositive = false
  var body: @Sendable (inout ProgramBuilder, [Buffer]) -> Buffer

  var testDescription: String { name }
}

extension GradientCase {
  static func eltwise(_ function: Eltwise, isPositive: Bool = false) -> GradientCase {
    GradientCase(name: "\(function)", operands: [[2, 3, 4]], isPositive: isPositive) {
      $0.eltwise(function, $1[0])
    }
  }

  static func convolution(_ c: ConvolutionCase) -> GradientCase {
    let weights = [c.o, c.x[1] / c.groups] + c.kernel
    return GradientCase(name: "convolution \(c)", operands: [c.x, weights, [c.o]]) {
      $0.convolution(
        $1[0], weights: $1[1], bias: $1[2], strides: c.strides, dilations: c.dilations,
        padsBegin: c.begin, padsEnd: c.end, groups: c.groups)
    }
  }

  static func binary(_ kind: BinaryKind, _ a: [Int], _ b: [Int]) -> GradientCase {
    GradientCase(name: "\(kind) \(a) \(b)", operands: [a, b], isPositive: true) {
      $0.binary(kind, $1[0], $1[1])
    }
  }

  static func reduction(_ kind: ReductionKind, _ x: [Int], _ axes: [Int]) -> GradientCase {
    GradientCase(name: "\(kind) \(x) \(axes)", operands: [x], isPositive: true) {
      $0.reduction(kind, $1[0], axes: axes, keepDims: false)
    }
  }

  static func pooling(
    _ kind: PoolingKind, pads: [Int] = [], outputSize: [Int]? = nil
  ) -> GradientCase {
    GradientCase(name: "\(kind) \(pads) \(outputSize ?? [])", operands: [[1, 3, 5, 6]]) {
      $0.pooling(
        kind, $1[0], window: [3, 2], strides: [2, 2], padsBegin: pads, padsEnd: pads,
        outputSize: outputSize)
    }
  }

  static let functions: [GradientCase] =
    [
      .relu, .leakyRelu(slope: 0.2), .leakyRelu(slope: -0.2), .elu(alpha: 0.7), .celu(alpha: 0.6),
      .selu(alpha: 1.67, gamma: 1.05), .sigmoid, .logSigmoid, .tanh, .clip(min: -0.4, max: 0.6),
      .swish(alpha: 1), .gelu, .geluTanh, .hardSwish, .hardSigmoid(alpha: 0.7, beta: 0.5),
      .softplus, .softsign, .mish, .thresholdedRelu(alpha: 0.35), .linear(alpha: 2, beta: 1),
      .exp, .square, .abs, .negate, .erf, .sin, .cos, .floor, .sign,
    ].map { .eltwise($0) }
    + [.log, .sqrt, .reciprocal, .power(exponent: 1.7)].map { .eltwise($0, isPositive: true) }

  static let windows: [GradientCase] =
    ConvolutionCase.all.filter { $0.x.reduce(1, *) < 700 }.map { .convolution($0) }
    + PoolingKind.allCases.flatMap {
      [.pooling($0), .pooling($0, pads: [1, 0]), .pooling($0, outputSize: [3, 3])]
    }
    + [
      GradientCase(name: "dilated maximum", operands: [[1, 2, 7, 7]]) {
        $0.pooling(.max, $1[0], window: [2, 2], dilations: [3, 2])
      },
      GradientCase(name: "linear resize", operands: [[1, 2, 3, 4]]) {
        $0.resizeLinear($1[0], size: [5, 7])
      },
    ]

  static let products: [GradientCase] = [
    GradientCase(name: "inner product", operands: [[3, 5], [5, 4], [4]]) {
      $0.innerProduct($1[0], weights: $1[1], bias: $1[2])
    },
    GradientCase(name: "inner product of rows", operands: [[2, 3, 5], [4, 5], [4]]) {
      $0.innerProduct($1[0], weights: $1[1], bias: $1[2], transposed: true)
    },
    GradientCase(name: "matrix product", operands: [[2, 3, 4], [2, 4, 5]]) {
      $0.matrixProduct($1[0], $1[1])
    },
    GradientCase(name: "broadcast matrix product", operands: [[2, 2, 3, 4], [1, 2, 4, 5]]) {
      $0.matrixProduct($1[0], $1[1])
    },
  ]

  static let elements: [GradientCase] =
    BinaryKind.allCases.flatMap {
      [.binary($0, [2, 3, 4], [2, 3, 4]), .binary($0, [2, 3, 2, 2], [3, 1, 1])]
    }
    + [
      .binary(.multiply, [2, 3, 4, 4], [2, 3, 1, 1]), .binary(.divide, [3, 1], [2, 1, 4]),
      .binary(.add, [4], [2, 3, 4]),
    ]
    + ReductionKind.allCases.filter { $0 != .product && $0 != .logSum }.flatMap {
      [.reduction($0, [2, 3, 4], [1]), .reduction($0, [2, 3, 2, 3], [2, 3])]
    }
    + [
      GradientCase(name: "softmax", operands: [[3, 5]]) { $0.softmax($1[0], axis: 1) },
      GradientCase(name: "softmax of channels", operands: [[2, 3, 2, 2]]) {
        $0.softmax($1[0], axis: 1)
      },
      GradientCase(name: "logarithm of softmax", operands: [[3, 5]]) {
        $0.logSoftmax($1[0], axis: 1)
      },
    ]

  static let shapes: [GradientCase] = [
    GradientCase(name: "reshape and transpose", operands: [[2, 3, 4]]) {
      $0.reshape($0.transpose($1[0], [2, 0, 1]), [8, 3])
    },
    GradientCase(name: "concat", operands: [[2, 3, 2], [2, 1, 2], [2, 2, 2]]) {
      $0.concat($1, axis: 1)
    },
    GradientCase(name: "slice", operands: [[4, 6]]) {
      $0.slice($1[0], starts: [1, 5], ends: [3, -1], steps: [1, -2])
    },
    GradientCase(name: "pad and crop", operands: [[2, 4]]) {
      $0.pad($1[0], begin: [1, -1], end: [0, 2])
    },
    GradientCase(name: "reflection", operands: [[2, 4]]) {
      $0.pad($1[0], begin: [0, 2], end: [0, 1], mode: .reflect)
    },
    GradientCase(name: "gather twice the same", operands: [[3, 4]]) {
      $0.gather($1[0], axis: 0, indices: [2, 0, 2])
    },
  ]

  static let normalizations: [GradientCase] = [
    GradientCase(name: "normalization by the batch", operands: [[3, 4, 2, 3], [4], [4]]) {
      $0.normalization($1[0], scale: $1[1], shift: $1[2], epsilon: 1e-3).result
    },
    GradientCase(name: "normalization of rows by the batch", operands: [[5, 4], [4], [4]]) {
      $0.normalization($1[0], scale: $1[1], shift: $1[2], epsilon: 1e-3).result
    },
    GradientCase(name: "normalization as given", operands: [[2, 20, 3, 3], [20], [20]]) {
      let mean = $0.constant(dims: [20], (0..<20).map { Float($0) / 40 })
      let variance = $0.constant(dims: [20], (0..<20).map { 0.5 + Float($0) / 10 })
      return $0.normalization(
        $1[0], scale: $1[1], shift: $1[2], statistics: (mean, variance), epsilon: 1e-3
      ).result
    },
  ]
}

struct GradientTests {
  /// The loss is the result times fixed numbers, so that every element counts differently.
  private func program(_ c: GradientCase) throws -> Program {
    var builder = ProgramBuilder()
    let operands = c.operands.map { builder.input(dims: $0) }
    let y = c.body(&builder, operands)
    let factors = builder.constant(dims: y.dims, Grid.random(y.dims, seed: 77).values)
    let product = builder.binary(.multiply, y, factors)
    let loss = builder.reduction(.sum, product, axes: [], keepDims: false)
    let gradients = try builder.gradients(of: loss, by: operands)
    builder.output(loss)
    for (gradient, operand) in zip(gradients, operands) {
      builder.output(gradient ?? builder.constant(dims: operand.dims, zeros(operand.count)))
    }
    return try builder.build()
  }

  private func zeros(_ count: Int) -> [Float] { [Float](repeating: 0, count: count) }

  private func agrees(_ c: GradientCase) throws {
    let program = try program(c)
    // With this seed no number is near a bend, and no two operands are near each other.
    var operands = c.operands.enumerated().map { index, dims in
      Grid.random(dims, seed: UInt64(index + 1697)).values
    }
    if c.isPositive { operands = operands.map { $0.map { 1 + $0 / 2 } } }
    let results = try program.run(operands)
    let step: Float = 2e-3
    for (index, operand) in operands.enumerated() {
      let gradient = results[index + 1]
      let largest = max(gradient.map(abs).max() ?? 0, 0.1)
      for position in stride(from: 0, to: operand.count, by: max(1, operand.count / 24)) {
        var (up, down) = (operands, operands)
        up[index][position] += step
        down[index][position] -= step
        let slope = (try program.run(up)[0][0] - program.run(down)[0][0]) / (2 * step)
        let error = abs(slope - gradient[position]) / largest
        #expect(error < 0.02, "operand \(index) at \(position): \(gradient[position]), \(slope)")
      }
    }
  }

  @Test(arguments: GradientCase.functions)
  func `gradients of functions are their slopes`(_ c: GradientCase) throws { try agrees(c) }

  @Test(arguments: GradientCase.windows)
  func `gradients of windows are their slopes`(_ c: GradientCase) throws { try agrees(c) }

  @Test(arguments: GradientCase.products)
  func `gradients of products are their slopes`(_ c: GradientCase) throws { try agrees(c) }

  @Test(arguments: GradientCase.elements)
  func `gradients of elements are their slopes`(_ c: GradientCase) throws { try agrees(c) }

  @Test(arguments: GradientCase.shapes)
  func `gradients of shapes are their slopes`(_ c: GradientCase) throws { try agrees(c) }

  @Test(arguments: GradientCase.normalizations)
  func `gradients of normalizations are their slopes`(_ c: GradientCase) throws { try agrees(c) }

  @Test func `a value used twice gets both gradients`() throws {
    let square = GradientCase(name: "x · x + x", operands: [[3]]) {
      $0.binary(.add, $0.binary(.multiply, $1[0], $1[0]), $1[0])
    }
    try agrees(square)
  }

  @Test func `the length of zeros has no slope`() throws {
    let program = try program(.reduction(.l2, [2, 3], [1]))
    let gradient = try program.run([[0, 0, 0, 0, 3, 4]])[1]
    #expect(gradient[..<4] == [0, 0, 0, 0])
    #expect(abs(gradient[4] / gradient[5] - 0.75) < 1e-6)
  }

  @Test func `a value that the loss doesn't depend on has no gradient`() throws {
    var builder = ProgramBuilder()
    let (x, other) = (builder.input(dims: [2]), builder.input(dims: [2]))
    let loss = builder.reduction(.sum, x, axes: [], keepDims: false)
    let gradients = try builder.gradients(of: loss, by: [x, other])
    #expect(gradients[0]?.dims == [2])
    #expect(gradients[1] == nil)
  }

  @Test func `all kernels without a gradient are told at once`() throws {
    var builder = ProgramBuilder()
    let x = builder.input(dims: [2, 2])
    builder.place = .node("a")
    let first = builder.reduction(.product, x, axes: [1], keepDims: true)
    builder.place = .node("b")
    let loss = builder.reduction(.logSum, first, axes: [], keepDims: false)
    let error = #expect(throws: KernelError.self) { try builder.gradients(of: loss, by: [x]) }
    #expect(
      error?.details == ["node 'a': reduction product", "node 'b': reduction logSum"])
  }

  @Test func `the softmax in front of a loss is left out`() throws {
    var builder = ProgramBuilder()
    let x = builder.input(dims: [1, 3])
    let y = builder.softmax(x, axis: 1)
    #expect(builder.logits(of: y) == x)
    #expect(builder.logits(of: x) == x)
  }
}
