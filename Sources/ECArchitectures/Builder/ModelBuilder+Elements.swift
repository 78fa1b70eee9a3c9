import ECGraph

extension ModelBuilder {
  /// Draws a `BatchNormalization` over the channels.
  mutating func batchNorm(
    _ x: Output, epsilon: Double = 1e-3, scale: Bool = true, name: String? = nil
  ) -> Output {
    let names = (scale ? ["gamma"] : []) + ["beta", "moving_mean", "moving_variance"]
    return layer(
      "BatchNormalization",
      [
        "axis": .int(-1), "epsilon": .float(epsilon), "center": .bool(true),
        "scale": .bool(scale),
      ],
      on: x, weights: names.map { .init(name: $0, shape: [x.channels]) }, name: name)
  }

  /// Draws a `LayerNormalization` over the channels.
  mutating func layerNorm(_ x: Output, epsilon: Double = 1e-6, name: String? = nil) -> Output {
    layer(
      "LayerNormalization",
      [
        "axis": .list([.int(-1)]), "epsilon": .float(epsilon), "center": .bool(true),
        "scale": .bool(true),
      ],
      on: x, weights: ["gamma", "beta"].map { .init(name: $0, shape: [x.channels]) }, name: name)
  }

  /// Draws a `Normalization` with numbers that the architecture has, or with weights.
  mutating func normalization(
    _ x: Output, constants: (mean: [Double], variance: [Double])? = nil, name: String? = nil
  ) -> Output {
    var config: FormatObject = ["axis": .list([.int(-1)]), "invert": .bool(false)]
    config["mean"] = constants.map { .list($0.mean.map { .float($0) }) } ?? .null
    config["variance"] = constants.map { .list($0.variance.map { .float($0) }) } ?? .null
    let weights: [LayerDraft.Weight] =
      constants == nil
      ? [
        .init(name: "mean", shape: [x.channels]), .init(name: "variance", shape: [x.channels]),
        .init(name: "count", shape: []),
      ] : []
    return layer("Normalization", config, on: x, weights: weights, name: name)
  }

  /// Draws a `Rescaling` by a number, or by one number for each channel.
  mutating func rescaling(
    _ x: Output, _ scale: FormatValue, offset: Double = 0, name: String? = nil
  ) -> Output {
    layer("Rescaling", ["scale": scale, "offset": .float(offset)], on: x, name: name)
  }

  /// Draws an `Activation`.
  mutating func activation(_ x: Output, _ function: String, name: String? = nil) -> Output {
    layer("Activation", ["activation": .string(function)], on: x, name: name)
  }

  /// Draws a `ReLU`, cut off at `maximum`.
  mutating func relu(_ x: Output, maximum: Double? = nil, name: String? = nil) -> Output {
    layer(
      "ReLU",
      [
        "max_value": maximum.map { .float($0) } ?? .null, "negative_slope": .float(0),
        "threshold": .float(0),
      ],
      on: x, name: name)
  }

  /// Draws a `Dropout`, which does nothing at inference.
  mutating func dropout(_ x: Output, _ rate: Double, name: String? = nil) -> Output {
    layer("Dropout", ["rate": .float(rate)], on: x, name: name)
  }

  /// Draws a layer that takes the elements of several tensors together: `Add`, `Multiply`.
  mutating func merge(_ className: String, _ x: [Output], name: String? = nil) -> Output {
    layer(className, on: [.list(x)], shape: x[0].shape, name: name)
  }

  /// Draws a `Concatenate` of channels.
  mutating func concatenate(_ x: [Output], name: String? = nil) -> Output {
    layer(
      "Concatenate", ["axis": .int(-1)], on: [.list(x)],
      shape: x[0].shape.dropLast() + [x.reduce(0) { $0 + $1.channels }], name: name)
  }

  /// Draws an arithmetic operation that stands in the model without being a layer of its own:
  /// `Add`, `Multiply`.
  mutating func operation(_ className: String, _ x: Output, _ y: LayerDraft.Argument) -> Output {
    let functions = ["Add": "tf.__operators__.add", "Multiply": "tf.math.multiply"]
    let name =
      generation == .keras3 ? className.snakeCase : functions[className] ?? className.snakeCase
    var shape = x.shape
    // A gate may stand on either side of the product.
    if case .output(let other) = y { shape = zip(shape, other.shape).map { $0 == 1 ? $1 : $0 } }
    return layer(
      className, on: [.output(x), y], shape: shape, kind: .operation, name: freeName(name))
  }

  /// Draws a `ZeroPadding2D`.
  mutating func pad(
    _ x: Output, top: Int, bottom: Int, left: Int, right: Int, name: String? = nil
  ) -> Output {
    frame("ZeroPadding2D", "padding", x, [top, bottom, left, right], sign: 1, name: name)
  }

  /// Draws a `ZeroPadding2D` of the same width all round.
  mutating func pad(_ x: Output, _ width: Int, name: String? = nil) -> Output {
    pad(x, top: width, bottom: width, left: width, right: width, name: name)
  }

  /// Draws the `ZeroPadding2D` that a window of odd side and stride 2 needs to cover the image as
  /// it would with border `same`.
  mutating func padForStride(_ x: Output, kernel: Int, name: String?) -> Output {
    let half = kernel / 2
    // An open height is taken to be even, and the width then too.
    let top = half - 1 + (x.height ?? 0) % 2
    let left = half - 1 + (x.height == nil ? 0 : (x.width ?? 0) % 2)
    return pad(x, top: top, bottom: half, left: left, right: half, name: name)
  }

  /// Draws a `Cropping2D`.
  mutating func crop(
    _ x: Output, top: Int, bottom: Int, left: Int, right: Int, name: String? = nil
  ) -> Output {
    frame("Cropping2D", "cropping", x, [top, bottom, left, right], sign: -1, name: name)
  }

  private mutating func frame(
    _ className: String, _ key: String, _ x: Output, _ widths: [Int], sign: Int, name: String?
  ) -> Output {
    layer(
      className,
      [
        key: .list([
          .list([.int(widths[0]), .int(widths[1])]), .list([.int(widths[2]), .int(widths[3])]),
        ]), "data_format": .string("channels_last"),
      ],
      on: [.output(x)],
      shape: [
        x.height.map { $0 + sign * (widths[0] + widths[1]) },
        x.width.map { $0 + sign * (widths[2] + widths[3]) }, x.channels,
      ],
      name: name)
  }

  /// Draws a `GlobalAveragePooling2D`.
  mutating func globalAverage(_ x: Output, keepsAxes: Bool = false, name: String? = nil) -> Output {
    globalPool("GlobalAveragePooling2D", x, keepsAxes: keepsAxes, name: name)
  }

  /// Draws a `GlobalMaxPooling2D`.
  mutating func globalMax(_ x: Output, name: String? = nil) -> Output {
    globalPool("GlobalMaxPooling2D", x, keepsAxes: false, name: name)
  }

  private mutating func globalPool(
    _ className: String, _ x: Output, keepsAxes: Bool, name: String?
  ) -> Output {
    layer(
      className, ["data_format": .string("channels_last"), "keepdims": .bool(keepsAxes)],
      on: [.output(x)], shape: keepsAxes ? [1, 1, x.channels] : [x.channels], name: name)
  }

  /// Draws a `Reshape` to extents that leave out the batch.
  mutating func reshape(_ x: Output, to shape: [Int], name: String?) -> Output {
    layer(
      "Reshape", ["target_shape": .list(shape.map { .int($0) })], on: [.output(x)],
      shape: shape, name: name)
  }

  /// Draws a `Flatten`; the extents of `x` must be known.
  mutating func flatten(_ x: Output, name: String? = nil) -> Output {
    layer(
      "Flatten", ["data_format": .string("channels_last")], on: [.output(x)],
      shape: [x.shape.reduce(1) { $0 * ($1 ?? 0) }], name: name)
  }

  /// Draws a squeeze-and-excitation gate of two convolutions behind a global average.
  mutating func gate(
    _ x: Output, reduced: Int, activation: String, prefix: String
  ) -> Output {
    var gate = globalAverage(x, name: "\(prefix)se_squeeze")
    gate = reshape(gate, to: [1, 1, x.channels], name: "\(prefix)se_reshape")
    gate = conv(gate, reduced, 1, .same, activation: activation, name: "\(prefix)se_reduce")
    gate = conv(gate, x.channels, 1, .same, activation: "sigmoid", name: "\(prefix)se_expand")
    return merge("Multiply", [x, gate], name: "\(prefix)se_excite")
  }
}
