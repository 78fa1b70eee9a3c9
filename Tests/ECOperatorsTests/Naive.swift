import ECGraph
import ECTensor
import ECTestSupport
import Testing

/// A tensor of seeded numbers.
func random(_ shape: [Int], seed: UInt64 = 1, in range: ClosedRange<Float> = -1...1) -> Tensor {
  var generator = SeededGenerator(seed: seed)
  return Tensor(generator.floats(shape.reduce(1, *), in: range), shape: shape)
}

/// The index tuples of a shape in row-major order.
func indices(_ shape: [Int]) -> [[Int]] {
  shape.reduce([[]]) { tuples, extent in
    tuples.flatMap { tuple in (0..<extent).map { tuple + [$0] } }
  }
}

/// A tensor whose elements follow from their indices.
func tensor(_ shape: [Int], _ element: ([Int]) -> Float) -> Tensor {
  Tensor(indices(shape).map(element), shape: shape)
}

/// Expects two tensors of one shape to be the same up to rounding.
func expectEqual(
  _ found: Tensor, _ expected: Tensor, within tolerance: Float = 1e-5,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(found.shape == expected.shape, sourceLocation: sourceLocation)
  guard found.shape == expected.shape else { return }
  let worst = zip(found.floats(), expected.floats()).reduce(Float(0)) { worst, pair in
    let difference = abs(pair.0 - pair.1)
    return difference.isNaN ? .infinity : max(worst, difference)
  }
  #expect(worst <= tolerance, sourceLocation: sourceLocation)
}

/// Reads single elements of a tensor.
struct Reader {
  private let elements: [Float]
  private let shape: [Int]

  init(_ tensor: Tensor) {
    (elements, shape) = (tensor.floats(), tensor.shape)
  }

  /// The element at an index, or `nil` outside.
  func inside(_ index: [Int]) -> Float? {
    var position = 0
    for (i, extent) in zip(index, shape) {
      guard (0..<extent).contains(i) else { return nil }
      position = position * extent + i
    }
    return elements[position]
  }

  /// The element at an index, or zero outside.
  subscript(index: [Int]) -> Float { inside(index) ?? 0 }
}

/// A window that slides over a picture, by definition.
struct Sweep {
  var size: [Int]
  var strides: [Int]
  var dilations: [Int]
  var begin: [Int]
  var end: [Int]

  init(
    _ size: [Int], strides: [Int]? = nil, dilations: [Int]? = nil, begin: [Int]? = nil,
    end: [Int]? = nil
  ) {
    self.size = size
    self.strides = strides ?? size.map { _ in 1 }
    self.dilations = dilations ?? size.map { _ in 1 }
    self.begin = begin ?? size.map { _ in 0 }
    self.end = end ?? size.map { _ in 0 }
  }

  /// With the padding that keeps `ceil(extent / stride)` windows, as TensorFlow documents it.
  static func same(
    _ size: [Int], strides: [Int]? = nil, dilations: [Int]? = nil, of extents: [Int],
    lower: Bool = false
  ) -> Sweep {
    var sweep = Sweep(size, strides: strides, dilations: dilations)
    for k in size.indices {
      let reach = sweep.dilations[k] * (size[k] - 1) + 1
      let rest = extents[k] % sweep.strides[k]
      let total = max(reach - (rest == 0 ? sweep.strides[k] : rest), 0)
      sweep.begin[k] = lower ? total - total / 2 : total / 2
      sweep.end[k] = total - sweep.begin[k]
    }
    return sweep
  }

  /// How many windows fit.
  func counts(_ extents: [Int]) -> [Int] {
    extents.indices.map { k in
      let last = extents[k] + end[k] - (dilations[k] * (size[k] - 1) + 1)
      return Array(stride(from: -begin[k], through: last, by: strides[k])).count
    }
  }

  /// The cell that a tap of a window reads.
  func cell(_ window: ArraySlice<Int>, _ tap: ArraySlice<Int>) -> [Int] {
    zip(window, tap).enumerated().map { k, pair in
      pair.0 * strides[k] + pair.1 * dilations[k] - begin[k]
    }
  }
}

/// Convolution of `[n, c, …]` with `[o, i, …]`.
func naiveConvolution(
  _ image: Tensor, _ kernel: Tensor, _ bias: Tensor?, _ sweep: Sweep, groups: Int = 1
) -> Tensor {
  let (x, k, b) = (Reader(image), Reader(kernel), bias.map { Reader($0) })
  let (local, made) = (kernel.shape[1], kernel.shape[0] / groups)
  let picture = sweep.counts(Array(image.shape[2...]))
  return tensor([image.shape[0], kernel.shape[0]] + picture) { at in
    var sum = b?[[at[1]]] ?? 0
    for tap in indices([local] + sweep.size) {
      let channel = at[1] / made * local + tap[0]
      sum += k[[at[1]] + tap] * x[[at[0], channel] + sweep.cell(at[2...], tap[1...])]
    }
    return sum
  }
}

/// The transposed convolution of `[n, i, h, w]` with `[i, o, kh, kw]`, by scattering.
func naiveTransposed(
  _ image: Tensor, _ kernel: Tensor, _ bias: Tensor?, _ sweep: Sweep, picture: [Int]
) -> Tensor {
  let (x, k) = (Reader(image), Reader(kernel))
  let shape = [image.shape[0], kernel.shape[1]] + picture
  var sums = [[Int]: Float]()
  for at in indices(image.shape) {
    for tap in indices(Array(kernel.shape[1...])) {
      let target = [at[0], tap[0]] + sweep.cell(at[2...], tap[1...])
      sums[target, default: 0] += x[at] * k[[at[1]] + tap]
    }
  }
  let b = bias.map { Reader($0) }
  return tensor(shape) { (sums[$0] ?? 0) + (b?[[$0[1]]] ?? 0) }
}

/// A sliding maximum or mean of `[n, c, …]` over the cells inside the picture.
func naivePool(_ image: Tensor, _ sweep: Sweep, maximum: Bool, counts: [Int]? = nil) -> Tensor {
  let x = Reader(image)
  let picture = counts ?? sweep.counts(Array(image.shape[2...]))
  return tensor(Array(image.shape[..<2]) + picture) { at in
    let cells = indices(sweep.size).compactMap {
      x.inside([at[0], at[1]] + sweep.cell(at[2...], $0[...]))
    }
    return maximum ? cells.max() ?? -.infinity : cells.reduce(0, +) / Float(cells.count)
  }
}

/// `[n, …, c]` as `[n, c, …]`.
func first(_ image: Tensor) -> Tensor {
  image.permuted([0, image.shape.count - 1] + Array(1..<(image.shape.count - 1)))
}

/// `[n, c, …]` as `[n, …, c]`.
func last(_ image: Tensor) -> Tensor {
  image.permuted([0] + Array(2..<image.shape.count) + [1])
}

/// A Keras kernel `(…, i, o)` as `[o, i, …]`.
func kernelFirst(_ kernel: Tensor) -> Tensor {
  let rank = kernel.shape.count
  return kernel.permuted([rank - 1, rank - 2] + Array(0..<(rank - 2)))
}
