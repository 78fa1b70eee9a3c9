import ECGraph
import ECTensor
import Testing

/// A channels-last image `[n, h, w, c]` that a convolution by ones on the diagonal leaves as it is,
/// but stores with its channels first.
private func passed(_ x: KernelValue, _ builder: any KernelBuilder) -> KernelValue {
  let channels = x.shape[3]
  let identity = tensor([channels, channels, 1, 1]) { $0[0] == $0[1] ? 1 : 0 }
  let window = Window(
    size: [1, 1], strides: [1, 1], dilations: [1, 1], padBegin: [0, 0], padEnd: [0, 0])
  return builder.convolution(
    x, weights: builder.constant(identity), bias: nil, window: window, groups: 1,
    layout: .channelsLast)
}

private let image = random([2, 3, 4, 5])
private let x = Reader(image)

private func check(_ expected: Tensor, _ lowering: @escaping KernelOperator.Lowering) throws {
  for isPassed in [false, true] {
    let op = KernelOperator(expected.shape) { v, builder in
      lowering([isPassed ? passed(v[0], builder) : v[0]] + v.dropFirst(), builder)
    }
    #expect(difference(try run(op, [image]), expected) < 1e-5, "behind a convolution: \(isPassed)")
  }
}

@Test func `an image's axes are its own wherever it is stored`() throws {
  try check(image) { v, _ in v[0] }
  try check(image.permuted([3, 0, 2, 1])) { v, b in b.transpose(v[0], [3, 0, 2, 1]) }
  try check(image.permuted([2, 3, 1, 0])) { v, b in
    b.transpose(b.transpose(v[0], [0, 3, 1, 2]), [3, 1, 2, 0])
  }
  try check(image.reshaped([2, 60])) { v, b in b.reshape(v[0], [2, 60]) }
  try check(image.reshaped([6, 20])) { v, b in b.reshape(v[0], [6, 20]) }
}

@Test func `operands broadcast from the right`() throws {
  let row = random([5], seed: 4)
  let column = random([3, 1, 1], seed: 5)
  let (r, c) = (Reader(row), Reader(column))
  try check(tensor(image.shape) { x[$0] * r[[$0[3]]] }) { v, b in
    b.binary(.multiply, v[0], b.constant(row))
  }
  try check(tensor(image.shape) { c[[$0[1], 0, 0]] - x[$0] }) { v, b in
    b.binary(.subtract, b.constant(column), v[0])
  }
  try check(tensor(image.shape) { x[$0] + x[[$0[0], 1, 2, $0[3]]] }) { v, b in
    let pixel = b.slice(v[0], starts: [0, 1, 2, 0], counts: [2, 1, 1, 5], steps: [1, 1, 1, 1])
    return b.binary(.add, b.reshape(b.reshape(pixel, [2, 5]), [2, 1, 1, 5]), v[0])
  }
  try check(tensor([4, 2, 3, 4, 5]) { x[Array($0[1...])] + Float($0[0]) }) { v, b in
    let steps = tensor([4, 1, 1, 1, 1]) { Float($0[0]) }
    return b.binary(.add, v[0], b.constant(steps))
  }
}

@Test func `slices, gathers and paddings keep to their axes`() throws {
  try check(tensor([2, 2, 2, 5]) { x[[$0[0], 2 * $0[1], $0[2] + 1, $0[3]]] }) { v, b in
    b.slice(v[0], starts: [0, 0, 1, 0], counts: [2, 2, 2, 5], steps: [1, 2, 1, 1])
  }
  try check(tensor([2, 3, 4, 3]) { x[[$0[0], $0[1], $0[2], 4 - 2 * $0[3]]] }) { v, b in
    b.slice(v[0], starts: [0, 0, 0, 4], counts: [2, 3, 4, 3], steps: [1, 1, 1, -2])
  }
  try check(tensor([2, 3, 4, 4]) { x[[$0[0], $0[1], $0[2], [4, 0, 0, 2][$0[3]]]] }) { v, b in
    b.gather(v[0], axis: 3, positions: [4, 0, 0, 2])
  }
  let padded = tensor([2, 4, 3, 5]) { at in
    at[1] == 0 ? 7 : x[[at[0], at[1] - 1, at[2] + 1, at[3]]]
  }
  try check(padded) { v, b in
    b.pad(v[0], begin: [0, 1, -1, 0], end: [0, 0, 0, 0], value: 7)
  }
}

@Test func `parts join along any axis`() throws {
  let other = random([2, 3, 4, 2], seed: 6)
  let o = Reader(other)
  let joined = tensor([2, 3, 4, 7]) { at in
    at[3] < 2 ? o[at] : x[[at[0], at[1], at[2], at[3] - 2]]
  }
  try check(joined) { v, b in b.concat([b.constant(other), v[0]], axis: 3) }
  try check(tensor([2, 6, 4, 5]) { x[[$0[0], $0[1] % 3, $0[2], $0[3]]] }) { v, b in
    b.concat([v[0], b.transpose(b.transpose(v[0], [0, 3, 1, 2]), [0, 2, 3, 1])], axis: 1)
  }
}

@Test func `reductions and softmax keep to their axes`() throws {
  let mean = tensor([2, 5]) { at in
    indices([3, 4]).reduce(0) { $0 + x[[at[0], $1[0], $1[1], at[1]]] } / 12
  }
  try check(mean) { v, b in b.reduction(.mean, v[0], axes: [1, 2], keepDims: false) }
  try check(mean.reshaped([2, 1, 1, 5])) { v, b in
    b.reduction(.mean, v[0], axes: [1, 2], keepDims: true)
  }
  let largest = tensor([3, 5]) { at in
    indices([2, 4]).reduce(-.infinity) { max($0, x[[$1[0], at[0], $1[1], at[1]]]) }
  }
  try check(largest) { v, b in b.reduction(.maximum, v[0], axes: [0, 2], keepDims: false) }
  let exponentials = tensor(image.shape) { exponential(x[$0]) }
  let e = Reader(exponentials)
  try check(
    tensor(image.shape) { at in
      e[at] / (0..<5).reduce(0) { $0 + e[[at[0], at[1], at[2], $1]] }
    }
  ) { v, b in b.softmax(v[0], axis: 3, logarithm: false) }
}

/// eˣ by its series, exact enough for |x| ≤ 1.
private func exponential(_ x: Float) -> Float {
  var (sum, term) = (1.0, 1.0)
  for k in 1..<20 {
    term *= Double(x) / Double(k)
    sum += term
  }
  return Float(sum)
}

@Test func `products take the last axis`() throws {
  let weights = random([5, 3], seed: 7)
  let w = Reader(weights)
  let bias = random([3], seed: 8)
  let b0 = Reader(bias)
  let product = tensor([2, 3, 4, 3]) { at in
    (0..<5).reduce(b0[[at[3]]]) { $0 + x[[at[0], at[1], at[2], $1]] * w[[$1, at[3]]] }
  }
  try check(product) { v, b in
    b.matrixProduct(v[0], weights: b.constant(weights), bias: b.constant(bias))
  }
  let transposed = random([3, 5], seed: 9).permuted([1, 0])
  let t = Reader(transposed)
  let second = tensor([2, 3, 4, 3]) { at in
    (0..<5).reduce(0) { $0 + x[[at[0], at[1], at[2], $1]] * t[[$1, at[3]]] }
  }
  try check(second) { v, b in
    b.matrixProduct(v[0], weights: b.constant(transposed), bias: nil)
  }
  let squares = tensor([2, 3, 4, 4]) { at in
    (0..<5).reduce(0) { $0 + x[[at[0], at[1], at[2], $1]] * x[[at[0], at[1], at[3], $1]] }
  }
  try check(squares) { v, b in b.batchedProduct(v[0], b.transpose(v[0], [0, 1, 3, 2])) }
}

@Test func `shrinking takes bounds away`() throws {
  try check(tensor(image.shape) { abs(x[$0]) > 0.25 ? x[$0] : 0 }) { v, b in
    b.unary(.hardShrink(bound: 0.25), v[0])
  }
  try check(
    tensor(image.shape) { at in
      let value = x[at]
      return value > 0.25 ? value - 0.25 : (value < -0.25 ? value + 0.25 : 0)
    }
  ) { v, b in b.unary(.softShrink(bound: 0.25), v[0]) }
}

@Test func `gathered and permuted constants are read as views say`() throws {
  let source = random([3, 3, 5, 4], seed: 10)
  let weights = source.permuted([3, 2, 0, 1]).gathered(axis: 0, [3, 1])
  let w = Reader(weights)
  let window = Window(
    size: [3, 3], strides: [1, 1], dilations: [1, 1], padBegin: [0, 0], padEnd: [0, 0])
  let expected = tensor([2, 1, 2, 2]) { at in
    indices([5, 3, 3]).reduce(0) {
      $0 + x[[at[0], at[1] + $1[1], at[2] + $1[2], $1[0]]] * w[[at[3]] + $1]
    }
  }
  try check(expected) { v, b in
    b.convolution(
      v[0], weights: b.constant(weights), bias: nil, window: window, groups: 1,
      layout: .channelsLast)
  }
}
