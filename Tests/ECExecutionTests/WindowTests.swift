import ECGraph
import ECTensor
import Testing

/// A convolution as a case of a table.
struct ConvolutionCase: Sendable, CustomStringConvertible {
  var image: [Int]
  var made: Int
  var window: Window
  var groups = 1
  var outputPadding: [Int] = []
  var layout = ImageLayout.channelsLast

  var description: String { "\(image) -> \(made) \(window) groups \(groups) \(layout)" }
}

private func window(
  _ size: [Int], _ strides: [Int]? = nil, _ dilations: [Int]? = nil, _ begin: [Int]? = nil,
  _ end: [Int]? = nil
) -> Window {
  let (ones, zeros) = (size.map { _ in 1 }, size.map { _ in 0 })
  return Window(
    size: size, strides: strides ?? ones, dilations: dilations ?? ones, padBegin: begin ?? zeros,
    padEnd: end ?? zeros)
}

private let convolutions = [
  ConvolutionCase(
    image: [2, 3, 5, 6], made: 4, window: window([3, 2], [2, 1], nil, [1, 0], [0, 1])),
  ConvolutionCase(image: [2, 3, 5, 6], made: 4, window: window([3, 3]), layout: .channelsFirst),
  ConvolutionCase(image: [1, 4, 7, 7], made: 6, window: window([3, 3], nil, [2, 2]), groups: 2),
  ConvolutionCase(image: [1, 4, 7, 7], made: 8, window: window([3, 3], [2, 2]), groups: 4),
  ConvolutionCase(image: [2, 3, 9], made: 2, window: window([3], [2], [2], [1], [2])),
  ConvolutionCase(image: [1, 2, 4, 5, 3], made: 3, window: window([2, 3, 2])),
  ConvolutionCase(
    image: [1, 2, 6, 6], made: 3, window: window([2, 2], nil, nil, [-1, 0], [0, -2])),
]

@Test(arguments: convolutions)
func `convolution equals its definition`(_ c: ConvolutionCase) throws {
  let rank = c.window.size.count
  let image = random(c.image)
  let weights = random([c.made, c.image[1] / c.groups] + c.window.size, seed: 2)
  let bias = random([c.made], seed: 3)
  var shape = [c.image[0], c.made]
  for k in 0..<rank {
    let reach = (c.window.size[k] - 1) * c.window.dilations[k] + 1
    let room = c.image[k + 2] + c.window.padBegin[k] + c.window.padEnd[k] - reach
    shape.append(room / c.window.strides[k] + 1)
  }
  let (x, w, b) = (Reader(image), Reader(weights), Reader(bias))
  let local = c.image[1] / c.groups
  let expected = tensor(shape) { at in
    let group = at[1] / (c.made / c.groups)
    return indices([local] + c.window.size).reduce(b[[at[1]]]) { (sum: Float, tap: [Int]) in
      var source = [at[0], group * local + tap[0]]
      for k in 0..<rank {
        let step = at[k + 2] * c.window.strides[k] + tap[k + 1] * c.window.dilations[k]
        source.append(step - c.window.padBegin[k])
      }
      return sum + x[source] * w[[at[1]] + tap]
    }
  }
  let wanted = stored(expected, c.layout)
  let op = KernelOperator(wanted.shape) { v, builder in
    builder.convolution(
      v[0], weights: v[1], bias: v[2], window: c.window, groups: c.groups, layout: c.layout)
  }
  let found = try run(op, [stored(image, c.layout)], constants: [weights, bias])
  #expect(difference(found, wanted) < 1e-5)
}

private let transposed = [
  ConvolutionCase(
    image: [2, 3, 4, 5], made: 4, window: window([3, 3], [2, 2], nil, [1, 1], [1, 1]),
    outputPadding: [1, 0]),
  ConvolutionCase(
    image: [1, 2, 3, 3], made: 3, window: window([2, 2], [3, 2]), outputPadding: [0, 0]),
  ConvolutionCase(
    image: [1, 4, 3, 4], made: 6, window: window([3, 2], [2, 1], [1, 2]), groups: 2,
    outputPadding: [0, 0], layout: .channelsFirst),
  ConvolutionCase(
    image: [1, 2, 5, 5], made: 2, window: window([2, 2], [1, 1], nil, [2, 1], [1, 2]),
    outputPadding: [0, 0]),
  ConvolutionCase(
    image: [2, 3, 5], made: 2, window: window([4], [3], nil, [1], [0]), outputPadding: [2]),
]

@Test(arguments: transposed, [false, true])
func `transposed convolution scatters every pixel`(_ c: ConvolutionCase, computed: Bool) throws {
  let rank = c.window.size.count
  let local = c.made / c.groups
  let image = random(c.image)
  let weights = random([c.image[1], local] + c.window.size, seed: 2)
  let bias = random([c.made], seed: 3)
  var shape = [c.image[0], c.made]
  for k in 0..<rank {
    let reach = (c.window.size[k] - 1) * c.window.dilations[k] + 1
    shape.append(
      (c.image[k + 2] - 1) * c.window.strides[k] + reach - c.window.padBegin[k]
        - c.window.padEnd[k] + c.outputPadding[k])
  }
  let (x, w, b) = (Reader(image), Reader(weights), Reader(bias))
  let made = c.made / c.groups
  let taken = c.image[1] / c.groups
  let expected = tensor(shape) { at in
    var sum = b[[at[1]]]
    for from in indices([taken] + c.image[2...]) {
      var tap: [Int] = []
      for k in 0..<rank {
        let offset = at[k + 2] + c.window.padBegin[k] - from[k + 1] * c.window.strides[k]
        guard offset >= 0, offset % c.window.dilations[k] == 0 else { break }
        tap.append(offset / c.window.dilations[k])
      }
      guard tap.count == rank else { continue }
      let source = at[1] / made * taken + from[0]
      sum += x[[at[0], source] + from[1...]] * w[[source, at[1] % made] + tap]
    }
    return sum
  }
  let wanted = stored(expected, c.layout)
  let op = KernelOperator(wanted.shape) { v, builder in
    builder.transposedConvolution(
      v[0], weights: v[1], bias: v[2], window: c.window, outputPadding: c.outputPadding,
      groups: c.groups, layout: c.layout)
  }
  let given = stored(image, c.layout)
  let found =
    computed
    ? try run(op, [given, weights, bias]) : try run(op, [given], constants: [weights, bias])
  #expect(difference(found, wanted) < 1e-5)
}

@Test(arguments: [ImageLayout.channelsFirst, .channelsLast])
func `pooling sees the picture in either layout`(_ layout: ImageLayout) throws {
  let image = random([2, 3, 5, 4])
  let x = Reader(image)
  let expected = tensor([2, 3, 2, 2]) { at in
    indices([2, 2]).reduce(-Float.infinity) {
      max($0, x[[at[0], at[1], 2 * at[2] + $1[0], 2 * at[3] + $1[1]]])
    }
  }
  let wanted = stored(expected, layout)
  let op = KernelOperator(wanted.shape) { v, builder in
    builder.pooling(
      .maximum, v[0], window: window([2, 2], [2, 2]), outputSize: [2, 2], layout: layout)
  }
  #expect(difference(try run(op, [stored(image, layout)]), wanted) == 0)
}

@Test(arguments: [ResizeKernel.nearestFloorAsymmetric, .nearestHalfPixelCeil, .linearHalfPixel])
func `resizing picks pixels as its kind says`(_ kind: ResizeKernel) throws {
  let image = random([1, 2, 4, 3])
  let x = Reader(image)
  let size = [6, 7]
  func axis(_ i: Int, _ k: Int) -> [(Int, Float)] {
    let given = image.shape[k + 2]
    let ratio = Float(given) / Float(size[k])
    switch kind {
    case .nearestFloorAsymmetric: return [(Int((Float(i) * ratio).rounded(.down)), 1)]
    case .nearestHalfPixelCeil:
      return [(min(Int(((Float(i) + 0.5) * ratio).rounded(.down)), given - 1), 1)]
    case .linearHalfPixel:
      let place = min(max((Float(i) + 0.5) * ratio - 0.5, 0), Float(given - 1))
      let low = Int(place)
      return [(low, 1 - (place - Float(low))), (min(low + 1, given - 1), place - Float(low))]
    }
  }
  let expected = tensor([1, 2] + size) { at in
    var sum: Float = 0
    for (i, p) in axis(at[2], 0) {
      for (j, q) in axis(at[3], 1) { sum += p * q * x[[at[0], at[1], i, j]] }
    }
    return sum
  }
  for layout in [ImageLayout.channelsFirst, .channelsLast] {
    let wanted = stored(expected, layout)
    let op = KernelOperator(wanted.shape) { v, builder in
      builder.resize(kind, v[0], size: size, layout: layout)
    }
    #expect(difference(try run(op, [stored(image, layout)]), wanted) < 1e-5)
  }
}
