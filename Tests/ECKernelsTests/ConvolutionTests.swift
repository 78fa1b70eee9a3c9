import ECKernels
import Testing

/// One convolution to try.
struct ConvolutionCase: Sendable, CustomStringConvertible {
  var x: [Int]
  var o: Int
  var kernel: [Int]
  var strides: [Int] = []
  var dilations: [Int] = []
  var begin: [Int] = []
  var end: [Int] = []
  var groups = 1

  var description: String {
    "\(x) o\(o) k\(kernel) s\(strides) d\(dilations) p\(begin)\(end) g\(groups)"
  }

  static let all: [ConvolutionCase] = [
    .init(x: [1, 3, 7, 8], o: 4, kernel: [3, 3]),
    .init(x: [2, 3, 9, 9], o: 20, kernel: [3, 3], strides: [2, 2], begin: [1, 1], end: [1, 1]),
    .init(x: [1, 16, 8, 8], o: 32, kernel: [1, 1]),
    .init(x: [2, 20, 8, 7], o: 20, kernel: [1, 1], strides: [2, 2]),
    .init(x: [1, 5, 9, 8], o: 6, kernel: [3, 2], strides: [2, 1], begin: [0, 1], end: [1, 0]),
    .init(
      x: [1, 4, 11, 10], o: 6, kernel: [3, 3], dilations: [2, 3], begin: [2, 3], end: [2, 1]),
    .init(x: [1, 8, 8, 8], o: 12, kernel: [3, 3], begin: [1, 1], end: [1, 1], groups: 4),
    .init(x: [2, 18, 9, 8], o: 18, kernel: [3, 3], begin: [1, 1], end: [1, 1], groups: 18),
    .init(
      x: [1, 16, 9, 9], o: 16, kernel: [5, 5], strides: [2, 2], begin: [1, 1], end: [2, 2],
      groups: 16),
    .init(x: [1, 6, 8, 8], o: 12, kernel: [3, 3], strides: [2, 2], end: [1, 1], groups: 6),
    .init(x: [1, 7, 5, 5], o: 3, kernel: [5, 5]),
    .init(x: [1, 64, 6, 6], o: 40, kernel: [3, 3], begin: [1, 1], end: [1, 1], groups: 2),
    .init(
      x: [1, 8, 7, 7], o: 8, kernel: [3, 3], dilations: [2, 2], begin: [2, 2], end: [2, 2],
      groups: 8),
    .init(x: [2, 6, 13], o: 5, kernel: [4], strides: [2], begin: [1], end: [2]),
    .init(x: [1, 6, 12], o: 6, kernel: [3], dilations: [2], groups: 6),
    .init(
      x: [1, 3, 5, 6, 4], o: 4, kernel: [2, 3, 2], strides: [1, 2, 1], begin: [1, 1, 0],
      end: [0, 1, 1]),
  ]
}

func naiveConvolution(_ x: Grid, _ w: Grid, _ bias: Grid?, _ c: ConvolutionCase) -> Grid {
  let rank = c.kernel.count
  func at(_ list: [Int], _ axis: Int, _ standard: Int) -> Int {
    list.isEmpty ? standard : list[axis]
  }
  let size = (0..<rank).map { axis in
    let room =
      x.dims[axis + 2] + at(c.begin, axis, 0) + at(c.end, axis, 0)
      - ((c.kernel[axis] - 1) * at(c.dilations, axis, 1) + 1)
    return room / at(c.strides, axis, 1) + 1
  }
  let (perGroup, outputs) = (x.dims[1] / c.groups, c.o / c.groups)
  return Grid([x.dims[0], c.o] + size) { index in
    var sum = Double(bias?[[index[1]]] ?? 0)
    let first = index[1] / outputs * perGroup
    for element in Grid.indices([perGroup] + c.kernel) {
      let place = (0..<rank).map { axis in
        index[axis + 2] * at(c.strides, axis, 1) + element[axis + 1] * at(c.dilations, axis, 1)
          - at(c.begin, axis, 0)
      }
      guard let value = x.element([index[0], first + element[0]] + place) else { continue }
      sum += Double(value) * Double(w[[index[1]] + element])
    }
    return Float(sum)
  }
}

extension ProgramBuilder {
  fileprivate mutating func convolution(
    _ x: Buffer, _ w: Buffer, _ bias: Buffer?, _ c: ConvolutionCase
  ) -> Buffer {
    convolution(
      x, weights: w, bias: bias, strides: c.strides, dilations: c.dilations, padsBegin: c.begin,
      padsEnd: c.end, groups: c.groups)
  }
}

@Suite struct ConvolutionTests {
  @Test(arguments: ConvolutionCase.all)
  func `equals a plain loop in every order of memory`(_ c: ConvolutionCase) throws {
    let x = Grid.random(c.x)
    let w = Grid.random([c.o, c.x[1] / c.groups] + c.kernel, seed: 2)
    let bias = Grid.random([c.o], seed: 3)
    for order in [MemoryOrder.rowMajor, .channelsLast(rank: c.x.count)] {
      for hasBias in [false, true] {
        let found = try evaluate([x], orders: [order]) { builder, inputs in
          let weights = builder.constant(dims: w.dims, w.values)
          let shift = hasBias ? builder.constant(dims: bias.dims, bias.values) : nil
          return [builder.convolution(inputs[0], weights, shift, c)]
        }
        #expect(distance(found[0], naiveConvolution(x, w, hasBias ? bias : nil, c)) < 1e-5)
      }
    }
  }

  @Test func `takes weights in another order and weights that are computed`() throws {
    let c = ConvolutionCase(x: [1, 8, 6, 6], o: 8, kernel: [3, 3], groups: 2)
    let (x, w) = (Grid.random(c.x), Grid.random([8, 4, 3, 3], seed: 2))
    let expected = naiveConvolution(x, w, nil, c)
    let stored = w.stored([2, 3, 1, 0])
    let constant = try evaluate([x]) { builder, inputs in
      let weights = stored.withUnsafeBufferPointer {
        builder.constant(dims: w.dims, order: .permuted([2, 3, 1, 0]), $0)
      }
      return [builder.convolution(inputs[0], weights, nil, c)]
    }
    let computed = try evaluate(
      [x, w], orders: [channelsLast, .permuted([2, 3, 1, 0])]
    ) { builder, inputs in
      [builder.convolution(inputs[0], inputs[1], nil, c)]
    }
    #expect(distance(constant[0], expected) < 1e-5)
    #expect(distance(computed[0], expected) < 1e-5)
  }

  /// Wide enough for Winograd's transformation, whose weights the library reorders from few orders only;
  /// a mask on the weights leaves them in yet others.
  @Test(arguments: [[0, 1, 2, 3], [2, 3, 1, 0], [1, 0, 2, 3], [0, 2, 3, 1], [3, 1, 0, 2]])
  func `takes the weights of a wide convolution in every order`(_ order: [Int]) throws {
    let c = ConvolutionCase(
      x: [1, 32, 14, 14], o: 32, kernel: [3, 3], begin: [1, 1], end: [1, 1])
    let (x, w) = (Grid.random(c.x), Grid.random([32, 32, 3, 3], seed: 2))
    let mask = Grid([32, 1, 1, 1]) { $0[0] % 2 == 0 ? 0 : 1 }
    let stored = w.stored(order)
    let found = try evaluate([x]) { builder, inputs in
      let weights = stored.withUnsafeBufferPointer {
        builder.constant(dims: w.dims, order: .permuted(order), $0)
      }
      let keep = builder.constant(dims: mask.dims, mask.values)
      let product = builder.binary(.multiply, weights, keep)
      return [
        builder.convolution(inputs[0], weights, nil, c),
        builder.convolution(inputs[0], product, nil, c),
      ]
    }
    // The plain loop is slow: the first two channels have to do, of which the mask leaves the second.
    var two = c
    two.o = 2
    let expected = naiveConvolution(x, Grid([2, 32, 3, 3]) { w[$0] }, nil, two)
    #expect(zip(found[0].values, expected.values).allSatisfy { abs($0 - $1) < 1e-4 })
    #expect(found[1].values[..<196].allSatisfy { $0 == 0 })
    #expect(
      zip(found[1].values[196...], expected.values[196...]).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  @Test(arguments: [1, 18])
  func `fuses functions and residual sums without touching values that others read`(
    groups: Int
  ) throws {
    let c = ConvolutionCase(
      x: [1, 18, 6, 6], o: 18, kernel: [3, 3], begin: [1, 1], end: [1, 1], groups: groups)
    let (x, w) = (Grid.random(c.x), Grid.random([18, 18 / groups, 3, 3], seed: 2))
    let first = naiveConvolution(x, w, nil, c)
    let relu = Grid(dims: first.dims, values: first.values.map { max($0, 0) })
    let second = naiveConvolution(relu, w, nil, c)
    let sum = Grid(dims: x.dims, values: zip(second.values, relu.values).map(+))
    let final = Grid(dims: x.dims, values: sum.values.map { min(max($0, 0), 1) })
    for taps in [[], [0], [1], [2], [0, 1, 2, 3]] {
      let found = try evaluate([x]) { builder, inputs in
        let weights = builder.constant(dims: w.dims, w.values)
        let a = builder.convolution(inputs[0], weights, nil, c)
        let b = builder.eltwise(.relu, a)
        let d = builder.convolution(b, weights, nil, c)
        let e = builder.binary(.add, b, d)
        let f = builder.eltwise(.clip(min: 0, max: 1), e)
        return [f] + taps.map { [a, b, d, e][$0] }
      }
      for (index, value) in ([final] + taps.map { [first, relu, second, sum][$0] }).enumerated() {
        #expect(distance(found[index], value) < 1e-5, "output \(index) of taps \(taps)")
      }
    }
  }

  static let chains: [[Eltwise]] = [
    [.linear(alpha: 2, beta: 0.5), .elu(alpha: 1)], [.elu(alpha: 1), .linear(alpha: 2, beta: 0.5)],
    [.elu(alpha: 2), .elu(alpha: 1)], [.relu, .linear(alpha: -1, beta: 1), .relu],
    [.linear(alpha: 2, beta: 0), .swish(alpha: 1), .linear(alpha: 3, beta: 1)],
    [.linear(alpha: 2, beta: 0), .linear(alpha: 3, beta: 1)], [.exp, .negate, .sigmoid],
    [.linear(alpha: 2, beta: 0), .tanh], [.linear(alpha: 2, beta: 0), .gelu],
    [.linear(alpha: 2, beta: 0), .mish], [.linear(alpha: 2, beta: 0), .softplus],
    [.tanh, .elu(alpha: 1)], [.sigmoid, .clip(min: 0.2, max: 0.4), .square],
  ]

  @Test(arguments: chains, [1, 18]) func `chains of functions equal the functions one by one`(
    _ chain: [Eltwise], _ groups: Int
  ) throws {
    let c = ConvolutionCase(x: [1, 18, 6, 6], o: 18, kernel: [3, 3], groups: groups)
    let (x, w) = (Grid.random(c.x), Grid.random([18, 18 / groups, 3, 3], seed: 2))
    let found = try evaluate([x]) { builder, inputs in
      let weights = builder.constant(dims: w.dims, w.values)
      let made = builder.convolution(inputs[0], weights, nil, c)
      let separate = builder.convolution(inputs[0], weights, nil, c)
      var (fused, single) = (made, separate)
      var taps = [separate]
      for function in chain {
        fused = builder.eltwise(function, fused)
        single = builder.eltwise(function, single)
        taps.append(single)
      }
      return [fused, single] + taps
    }
    #expect(distance(found[0], found[1]) < 1e-5)
  }

  /// Convolutions that prefer blocks, between others that don't, with the residual added last.
  @Test(arguments: [32, 40])
  func `a residual unit equals its parts one by one`(_ width: Int) throws {
    let cases = [
      ConvolutionCase(x: [1, width, 16, 16], o: 64, kernel: [1, 1]),
      ConvolutionCase(x: [1, 64, 16, 16], o: 48, kernel: [3, 3], begin: [1, 1], end: [1, 1]),
      ConvolutionCase(x: [1, 48, 16, 16], o: width, kernel: [1, 1]),
    ]
    let x = Grid.random(cases[0].x)
    var expected = x
    var weights: [Grid] = []
    for (index, c) in cases.enumerated() {
      weights.append(Grid.random([c.o, c.x[1]] + c.kernel, seed: UInt64(index + 2)))
      expected = naiveConvolution(expected, weights[index], nil, c)
      if index < 2 { expected.values = expected.values.map { max($0, 0) } }
    }
    expected.values = zip(expected.values, x.values).map { max($0 + $1, 0) }
    let found = try evaluate([x], orders: [channelsLast]) { builder, inputs in
      var value = inputs[0]
      for (index, c) in cases.enumerated() {
        let matrix = builder.constant(dims: weights[index].dims, weights[index].values)
        value = builder.convolution(value, matrix, nil, c)
        if index < 2 { value = builder.eltwise(.relu, value) }
      }
      return [builder.eltwise(.relu, builder.binary(.add, value, inputs[0]))]
    }
    #expect(distance(found[0], expected) < 1e-5 * 64)
  }

  @Test func `adds the program's input without overwriting it`() throws {
    let c = ConvolutionCase(x: [1, 16, 5, 5], o: 16, kernel: [1, 1])
    let (x, w) = (Grid.random(c.x), Grid.random([16, 16, 1, 1], seed: 2))
    let once = naiveConvolution(x, w, nil, c)
    let sum = Grid(dims: x.dims, values: zip(once.values, x.values).map(+))
    let found = try evaluate([x], orders: [channelsLast]) { builder, inputs in
      let weights = builder.constant(dims: w.dims, w.values)
      return [builder.binary(.add, inputs[0], builder.convolution(inputs[0], weights, nil, c))]
    }
    #expect(distance(found[0], sum) < 1e-5)
  }

  @Test func `adds two convolutions of the same value`() throws {
    let c = ConvolutionCase(x: [1, 16, 5, 5], o: 16, kernel: [1, 1])
    let (x, w) = (Grid.random(c.x), Grid.random([16, 16, 1, 1], seed: 2))
    let v = Grid.random([16, 16, 1, 1], seed: 4)
    let (a, b) = (naiveConvolution(x, w, nil, c), naiveConvolution(x, v, nil, c))
    let sum = Grid(dims: x.dims, values: zip(a.values, b.values).map { max($0 + $1, 0) })
    let found = try evaluate([x]) { builder, inputs in
      let weights = [w, v].map { builder.constant(dims: $0.dims, $0.values) }
      let parts = weights.map { builder.convolution(inputs[0], $0, nil, c) }
      return [builder.eltwise(.relu, builder.binary(.add, parts[0], parts[1]))]
    }
    #expect(distance(found[0], sum) < 1e-5)
  }

  @Test func `gives the same with two threads`() throws {
    let c = ConvolutionCase.all[1]
    let (x, w) = (Grid.random(c.x), Grid.random([20, 3, 3, 3], seed: 2))
    let found = try evaluate([x], threads: 2) { builder, inputs in
      [builder.convolution(inputs[0], builder.constant(dims: w.dims, w.values), nil, c)]
    }
    #expect(distance(found[0], naiveConvolution(x, w, nil, c)) < 1e-5)
  }
}
