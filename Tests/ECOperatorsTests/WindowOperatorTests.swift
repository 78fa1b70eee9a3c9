import ECGraph
import ECTensor
import Testing

/// A convolution of Keras as a case of a table.
struct KerasWindow: Sendable, CustomStringConvertible {
  var image: [Int]
  var filters: Int
  var size: [Int]
  var strides: [Int]?
  var dilations: [Int]?
  var groups = 1
  var isSame = false

  var description: String {
    "\(image) -> \(filters) size \(size) strides \(strides ?? []) groups \(groups) same \(isSame)"
  }
  var config: FormatObject {
    let ones = size.map { _ in 1 }
    return [
      "filters": .int(filters), "kernel_size": ints(size), "strides": ints(strides ?? ones),
      "dilation_rate": ints(dilations ?? ones), "groups": .int(groups),
      "padding": .string(isSame ? "same" : "valid"),
    ]
  }
  var sweep: Sweep {
    isSame
      ? .same(size, strides: strides, dilations: dilations, of: Array(image[1..<(size.count + 1)]))
      : Sweep(size, strides: strides, dilations: dilations)
  }
}

@Test(arguments: [
  KerasWindow(image: [2, 6, 7, 3], filters: 4, size: [3, 2]),
  KerasWindow(image: [2, 7, 8, 3], filters: 4, size: [3, 3], strides: [2, 2], isSame: true),
  KerasWindow(image: [1, 6, 5, 2], filters: 3, size: [2, 4], strides: [3, 2], isSame: true),
  KerasWindow(image: [1, 9, 8, 2], filters: 3, size: [3, 3], dilations: [2, 3], isSame: true),
  KerasWindow(image: [1, 5, 5, 4], filters: 6, size: [3, 3], groups: 2, isSame: true),
  KerasWindow(image: [1, 5, 5, 4], filters: 8, size: [3, 3], groups: 4),
  KerasWindow(image: [1, 2, 2, 1], filters: 1, size: [1, 1], strides: [2, 2], isSame: true),
  KerasWindow(image: [2, 9, 3], filters: 4, size: [3], strides: [2], isSame: true),
  KerasWindow(image: [1, 4, 5, 3, 2], filters: 3, size: [2, 3, 2], isSame: true),
])
func `a convolution of Keras is what its definition says`(_ c: KerasWindow) throws {
  let rank = c.size.count
  let image = random(c.image)
  let channels = c.image[rank + 1]
  let kernel = random(c.size + [channels / c.groups, c.filters], seed: 2)
  let bias = random([c.filters], seed: 3)
  let found = try keras(
    "Conv\(rank)D", [image], c.config, weights: ["kernel": kernel, "bias": bias])
  let expected = naiveConvolution(
    first(image), kernelFirst(kernel), bias, c.sweep, groups: c.groups)
  expectEqual(found, last(expected))
}

@Test(arguments: [false, true])
func `a convolution of Keras may have its channels first`(isSame: Bool) throws {
  var c = KerasWindow(image: [2, 7, 6, 3], filters: 4, size: [3, 3], strides: [2, 2])
  c.isSame = isSame
  let image = random([2, 3, 7, 6])
  let kernel = random([3, 3, 3, 4], seed: 2)
  var config = c.config
  config["data_format"] = .string("channels_first")
  config["use_bias"] = .bool(false)
  let found = try keras("Conv2D", [image], config, weights: ["kernel": kernel])
  expectEqual(found, naiveConvolution(image, kernelFirst(kernel), nil, c.sweep))
}

@Test func `a causal convolution reads the past only`() throws {
  let series = random([2, 7, 3])
  let kernel = random([3, 3, 4], seed: 2)
  let found = try keras(
    "Conv1D", [series],
    [
      "filters": 4, "kernel_size": ints([3]), "dilation_rate": ints([2]),
      "padding": .string("causal"), "use_bias": .bool(false),
    ], weights: ["kernel": kernel])
  let sweep = Sweep([3], dilations: [2], begin: [4])
  expectEqual(found, last(naiveConvolution(first(series), kernelFirst(kernel), nil, sweep)))
}

@Test(arguments: ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"])
func `a convolution of ONNX pads as it says`(_ padding: String) throws {
  let (image, kernel) = (random([2, 4, 6, 7]), random([6, 2, 3, 2], seed: 2))
  let bias = random([6], seed: 3)
  var attributes: FormatObject = [
    "group": 2, "strides": ints([2, 3]), "auto_pad": .string(padding),
  ]
  var sweep = Sweep([3, 2], strides: [2, 3])
  switch padding {
  case "NOTSET":
    attributes["pads"] = ints([1, 0, 2, 1])
    sweep = Sweep([3, 2], strides: [2, 3], begin: [1, 0], end: [2, 1])
  case "VALID": break
  default:
    sweep = .same([3, 2], strides: [2, 3], of: [6, 7], lower: padding == "SAME_LOWER")
  }
  let found = try onnx("Conv", [image], [kernel, bias], attributes)
  expectEqual(found, naiveConvolution(image, kernel, bias, sweep, groups: 2))
}

@Test(arguments: [1, 2, 3])
func `a depthwise convolution of Keras makes some channels from each`(multiplier: Int) throws {
  let image = random([2, 6, 5, 3])
  let kernel = random([3, 2, 3, multiplier], seed: 2)
  let bias = random([3 * multiplier], seed: 3)
  let found = try keras(
    "DepthwiseConv2D", [image],
    [
      "kernel_size": ints([3, 2]), "strides": ints([2, 2]), "padding": .string("same"),
      "depth_multiplier": .int(multiplier),
    ], weights: ["kernel": kernel, "bias": bias])
  let k = Reader(kernel)
  let spread = tensor([3 * multiplier, 1, 3, 2]) { at in
    k[[at[2], at[3], at[0] / multiplier, at[0] % multiplier]]
  }
  let sweep = Sweep.same([3, 2], strides: [2, 2], of: [6, 5])
  expectEqual(found, last(naiveConvolution(first(image), spread, bias, sweep, groups: 3)))
}

@Test func `a separable convolution is a depthwise and a pointwise one`() throws {
  let image = random([1, 6, 5, 3])
  let depth = random([3, 3, 3, 2], seed: 2)
  let point = random([1, 1, 6, 4], seed: 3)
  let bias = random([4], seed: 4)
  let found = try keras(
    "SeparableConv2D", [image],
    ["filters": 4, "kernel_size": ints([3, 3]), "depth_multiplier": 2, "strides": ints([2, 2])],
    weights: ["depthwise_kernel": depth, "pointwise_kernel": point, "bias": bias])
  let d = Reader(depth)
  let spread = tensor([6, 1, 3, 3]) { d[[$0[2], $0[3], $0[0] / 2, $0[0] % 2]] }
  let inner = naiveConvolution(
    first(image), spread, nil, Sweep([3, 3], strides: [2, 2]), groups: 3)
  expectEqual(found, last(naiveConvolution(inner, kernelFirst(point), bias, Sweep([1, 1]))))
}

@Test(arguments: [
  (3, 2, true), (3, 2, false), (2, 2, true), (2, 3, true), (2, 3, false), (4, 2, true),
  (3, 1, true),
])
func `a transposed convolution of Keras is the gradient of a convolution`(
  size: Int, step: Int, isSame: Bool
) throws {
  let image = random([1, 4, 5, 3])
  let kernel = random([size, size, 2, 3], seed: 2)
  let bias = random([2], seed: 3)
  let found = try keras(
    "Conv2DTranspose", [image],
    [
      "filters": 2, "kernel_size": ints([size, size]), "strides": ints([step, step]),
      "padding": .string(isSame ? "same" : "valid"),
    ], weights: ["kernel": kernel, "bias": bias])
  // The picture whose convolution has the extents of the operand.
  let picture = [4, 5].map { isSame ? $0 * step : $0 * step + max(size - step, 0) }
  let sweep =
    isSame
    ? Sweep.same([size, size], strides: [step, step], of: picture)
    : Sweep([size, size], strides: [step, step])
  let expected = naiveTransposed(
    first(image), kernel.permuted([3, 2, 0, 1]), bias, sweep, picture: picture)
  expectEqual(found, last(expected))
}

@Test(arguments: ["SAME_UPPER", "SAME_LOWER"])
func `a padded transposed convolution of ONNX multiplies the extents`(_ padding: String) throws {
  for (size, step) in [(3, 2), (4, 2), (3, 1), (5, 3)] {
    let (image, kernel) = (random([1, 2, 5, 5]), random([2, 3, size, size], seed: 2))
    let found = try onnx(
      "ConvTranspose", [image], [kernel],
      ["auto_pad": .string(padding), "strides": ints([step, step])])
    let total = size - step
    let begin = padding == "SAME_UPPER" ? total / 2 : total - total / 2
    let sweep = Sweep(
      [size, size], strides: [step, step], begin: [begin, begin],
      end: [total - begin, total - begin])
    expectEqual(
      found,
      naiveTransposed(image, kernel, nil, sweep, picture: [5 * step, 5 * step]))
  }
}

@Test(arguments: [true, false], [true, false])
func `pooling of Keras looks at cells inside only`(maximum: Bool, isSame: Bool) throws {
  let image = random([2, 7, 5, 3])
  let found = try keras(
    maximum ? "MaxPooling2D" : "AveragePooling2D", [image],
    [
      "pool_size": ints([3, 2]), "strides": ints([2, 3]),
      "padding": .string(isSame ? "same" : "valid"),
    ])
  let sweep =
    isSame
    ? Sweep.same([3, 2], strides: [2, 3], of: [7, 5]) : Sweep([3, 2], strides: [2, 3])
  expectEqual(found, last(naivePool(first(image), sweep, maximum: maximum)))
}

@Test func `pooling of Keras steps by its size unless told otherwise`() throws {
  let image = random([1, 6, 6, 2])
  let found = try keras("MaxPooling2D", [image], ["pool_size": ints([3, 2]), "strides": .null])
  expectEqual(
    found, last(naivePool(first(image), Sweep([3, 2], strides: [3, 2]), maximum: true)))
}

@Test func `pooling of ONNX may reach beyond the end`() throws {
  let image = random([1, 2, 8, 8])
  let attributes: FormatObject = [
    "kernel_shape": ints([3, 3]), "strides": ints([2, 2]), "ceil_mode": 1,
  ]
  let sweep = Sweep([3, 3], strides: [2, 2])
  expectEqual(
    try onnx("MaxPool", [image], [], attributes),
    naivePool(image, sweep, maximum: true, counts: [4, 4]))
  // A last window that would start behind the picture is left out.
  var small = attributes
  small["kernel_shape"] = ints([1, 1])
  #expect(try onnx("MaxPool", [random([1, 1, 4, 4])], [], small).shape == [1, 1, 2, 2])
}

@Test func `the mean of ONNX may count padding`() throws {
  let image = random([1, 2, 5, 5])
  let found = try onnx(
    "AveragePool", [image], [],
    ["kernel_shape": ints([3, 3]), "pads": ints([1, 1, 1, 1]), "count_include_pad": 1])
  let ones = tensor([2, 1, 3, 3]) { _ in 1 / 9 }
  let sweep = Sweep([3, 3], begin: [1, 1], end: [1, 1])
  expectEqual(found, naiveConvolution(image, ones, nil, sweep, groups: 2))
}

@Test(arguments: [true, false], [true, false])
func `global pooling looks at the whole picture`(maximum: Bool, keepDims: Bool) throws {
  let image = random([2, 3, 4, 5])
  let x = Reader(image)
  let expected = tensor([2, 5]) { at in
    let cells = indices([3, 4]).map { x[[at[0]] + $0 + [at[1]]] }
    return maximum ? cells.max() ?? 0 : cells.reduce(0, +) / 12
  }
  let name = maximum ? "Max" : "Average"
  let found = try keras(
    "Global\(name)Pooling2D", [image], ["keepdims": .bool(keepDims)])
  expectEqual(found, keepDims ? expected.reshaped([2, 1, 1, 5]) : expected)
  expectEqual(
    try onnx("Global\(name)Pool", [first(image).materialized()]),
    expected.reshaped([2, 5, 1, 1]))
}
