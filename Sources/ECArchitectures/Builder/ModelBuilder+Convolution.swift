import ECGraph

/// Extents of a window in pixels.
struct Window: ExpressibleByIntegerLiteral {
  let height: Int
  let width: Int

  init(_ height: Int, _ width: Int) {
    self.height = height
    self.width = width
  }

  init(integerLiteral value: Int) {
    self.init(value, value)
  }

  init(_ side: Int) {
    self.init(side, side)
  }

  var config: FormatValue { .list([.int(height), .int(width)]) }
}

/// How the border of an image is treated.
enum Border: String {
  case same
  case valid

  /// The extent of the result along an axis.
  func extent(_ extent: Int?, window: Int, stride: Int) -> Int? {
    extent.map { self == .same ? ($0 + stride - 1) / stride : ($0 - window) / stride + 1 }
  }

  /// The height and width of the result.
  func size(of x: Output, window: Window, stride: Int) -> [Int?] {
    [
      extent(x.height, window: window.height, stride: stride),
      extent(x.width, window: window.width, stride: stride),
    ]
  }
}

extension ModelBuilder {
  /// Draws a `Conv2D`.
  mutating func conv(
    _ x: Output, _ filters: Int, _ kernel: Window, stride: Int = 1, _ border: Border = .valid,
    bias: Bool = true, groups: Int = 1, activation: String = "linear", name: String? = nil
  ) -> Output {
    var config = window(kernel, stride: stride, border)
    config["filters"] = .int(filters)
    config["dilation_rate"] = Window(1).config
    config["groups"] = .int(groups)
    config["activation"] = .string(activation)
    config["use_bias"] = .bool(bias)
    let shape = [kernel.height, kernel.width, x.channels / groups, filters]
    return layer(
      "Conv2D", config, on: [.output(x)],
      shape: border.size(of: x, window: kernel, stride: stride) + [filters],
      weights: [.init(name: "kernel", shape: shape)] + biases(filters, bias), name: name)
  }

  /// Draws a `DepthwiseConv2D` without bias.
  mutating func depthwise(
    _ x: Output, _ kernel: Window, stride: Int = 1, _ border: Border, name: String?
  ) -> Output {
    var config = window(kernel, stride: stride, border)
    config["depth_multiplier"] = .int(1)
    config["dilation_rate"] = Window(1).config
    config["activation"] = .string("linear")
    config["use_bias"] = .bool(false)
    return layer(
      "DepthwiseConv2D", config, on: [.output(x)],
      shape: border.size(of: x, window: kernel, stride: stride) + [x.channels],
      weights: [.init(name: "kernel", shape: [kernel.height, kernel.width, x.channels, 1])],
      name: name)
  }

  /// Draws a `SeparableConv2D` without bias.
  mutating func separable(
    _ x: Output, _ filters: Int, _ kernel: Window, stride: Int = 1, _ border: Border = .same,
    name: String?
  ) -> Output {
    var config = window(kernel, stride: stride, border)
    config["filters"] = .int(filters)
    config["depth_multiplier"] = .int(1)
    config["dilation_rate"] = Window(1).config
    config["activation"] = .string("linear")
    config["use_bias"] = .bool(false)
    return layer(
      "SeparableConv2D", config, on: [.output(x)],
      shape: border.size(of: x, window: kernel, stride: stride) + [filters],
      weights: [
        .init(name: "depthwise_kernel", shape: [kernel.height, kernel.width, x.channels, 1]),
        .init(name: "pointwise_kernel", shape: [1, 1, x.channels, filters]),
      ],
      name: name)
  }

  /// Draws a `Dense`, which acts on the last axis.
  mutating func dense(
    _ x: Output, _ units: Int, activation: String = "linear", name: String?
  ) -> Output {
    layer(
      "Dense",
      ["units": .int(units), "activation": .string(activation), "use_bias": .bool(true)],
      on: [.output(x)], shape: x.shape.dropLast() + [units],
      weights: [.init(name: "kernel", shape: [x.channels, units])] + biases(units, true),
      name: name)
  }

  /// Draws a `MaxPooling2D`.
  mutating func maxPool(
    _ x: Output, _ size: Window, stride: Int, _ border: Border = .valid, name: String? = nil
  ) -> Output {
    pool("MaxPooling2D", x, size, stride: stride, border, name: name)
  }

  /// Draws an `AveragePooling2D`.
  mutating func averagePool(
    _ x: Output, _ size: Window, stride: Int, _ border: Border = .valid, name: String? = nil
  ) -> Output {
    pool("AveragePooling2D", x, size, stride: stride, border, name: name)
  }

  private mutating func pool(
    _ className: String, _ x: Output, _ size: Window, stride: Int, _ border: Border, name: String?
  ) -> Output {
    layer(
      className,
      [
        "pool_size": size.config, "padding": .string(border.rawValue),
        "strides": Window(stride).config, "data_format": .string("channels_last"),
      ],
      on: [.output(x)], shape: border.size(of: x, window: size, stride: stride) + [x.channels],
      name: name)
  }

  private func window(_ kernel: Window, stride: Int, _ border: Border) -> FormatObject {
    [
      "kernel_size": kernel.config, "strides": Window(stride).config,
      "padding": .string(border.rawValue), "data_format": .string("channels_last"),
    ]
  }

  private func biases(_ count: Int, _ exists: Bool) -> [LayerDraft.Weight] {
    exists ? [.init(name: "bias", shape: [count])] : []
  }
}
