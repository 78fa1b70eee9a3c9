extension Architecture {
  /// Inception: parallel branches whose results are put side by side.
  static let inception: [Architecture] = [inceptionV3, inceptionResNetV2]

  /// InceptionV3 (Szegedy et al. 2015).
  private static let inceptionV3 = Architecture(
    "InceptionV3", size: 299, modelName: { _ in "inception_v3" }
  ) { m, input, settings in
    var x = m.inceptionStem(input)
    for (k, pooled) in [32, 64, 64].enumerated() {
      x = m.mixed(
        x, "mixed\(k)", [[.init(64, 1)], [.init(48, 1), .init(64, 5)], .doubled3], pool: pooled)
    }
    x = m.reduced(
      x, "mixed3",
      [
        [.init(384, 3, stride: 2)],
        [.init(64, 1), .init(96, 3), .init(96, 3, stride: 2)],
      ])
    for (k, width) in [128, 160, 160, 192].enumerated() {
      x = m.mixed(
        x, "mixed\(k + 4)",
        [
          [.init(192, 1)],
          [.init(width, 1), .init(width, Window(1, 7)), .init(192, Window(7, 1))],
          [
            .init(width, 1), .init(width, Window(7, 1)), .init(width, Window(1, 7)),
            .init(width, Window(7, 1)), .init(192, Window(1, 7)),
          ],
        ], pool: 192)
    }
    x = m.reduced(
      x, "mixed8",
      [
        [.init(192, 1), .init(320, 3, stride: 2)],
        [
          .init(192, 1), .init(192, Window(1, 7)), .init(192, Window(7, 1)),
          .init(192, 3, stride: 2),
        ],
      ])
    for k in 0...1 { x = m.fanned(x, number: k) }
    return m.head(x, settings, names: .init(pooling: (nil, nil)))
  }

  /// InceptionResNetV2 (Szegedy et al. 2016): the branches correct what they read.
  private static let inceptionResNetV2 = Architecture(
    "InceptionResNetV2", size: 299, modelName: { _ in "inception_resnet_v2" }
  ) { m, input, settings in
    var x = m.inceptionStem(input)
    x = m.mixed(
      x, "mixed_5b", [[.init(96, 1)], [.init(48, 1), .init(64, 5)], .doubled3], pool: 64)
    for k in 1...10 {
      x = m.corrected(
        x, "block35_\(k)", scale: 0.17,
        [
          [.init(32, 1)], [.init(32, 1), .init(32, 3)],
          [.init(32, 1), .init(48, 3), .init(64, 3)],
        ])
    }
    x = m.reduced(
      x, "mixed_6a",
      [
        [.init(384, 3, stride: 2)],
        [.init(256, 1), .init(256, 3), .init(384, 3, stride: 2)],
      ])
    for k in 1...20 {
      x = m.corrected(
        x, "block17_\(k)", scale: 0.1,
        [
          [.init(192, 1)],
          [.init(128, 1), .init(160, Window(1, 7)), .init(192, Window(7, 1))],
        ])
    }
    x = m.reduced(
      x, "mixed_7a",
      [
        [.init(256, 1), .init(384, 3, stride: 2)], [.init(256, 1), .init(288, 3, stride: 2)],
        [.init(256, 1), .init(288, 3), .init(320, 3, stride: 2)],
      ])
    for k in 1...10 {
      x = m.corrected(
        x, "block8_\(k)", scale: k < 10 ? 0.2 : 1, activates: k < 10,
        [
          [.init(192, 1)],
          [.init(192, 1), .init(224, Window(1, 3)), .init(256, Window(3, 1))],
        ])
    }
    x = m.conv(x, 1536, 1, .same, bias: false, name: "conv_7b")
    x = m.batchNorm(x, scale: false, name: "conv_7b_bn")
    x = m.activation(x, "relu", name: "conv_7b_ac")
    return m.head(x, settings, names: .init(pooling: (nil, nil)))
  }
}

/// One convolution of a branch, with its normalisation and activation.
private struct Step {
  let width: Int
  let kernel: Window
  let stride: Int

  init(_ width: Int, _ kernel: Window, stride: Int = 1) {
    self.width = width
    self.kernel = kernel
    self.stride = stride
  }
}

extension [Step] {
  /// Two 3×3 convolutions that see as far as one of 5×5.
  fileprivate static let doubled3 = [Step(64, 1), Step(96, 3), Step(96, 3)]
}

extension ModelBuilder {
  /// Draws what both networks begin with.
  fileprivate mutating func inceptionStem(_ input: Output) -> Output {
    var x = convolved(input, Step(32, 3, stride: 2))
    x = convolved(x, Step(32, 3), border: .valid)
    x = convolved(x, Step(64, 3))
    x = maxPool(x, 3, stride: 2)
    x = convolved(x, Step(80, 1), border: .valid)
    x = convolved(x, Step(192, 3), border: .valid)
    return maxPool(x, 3, stride: 2)
  }

  /// Draws branches of one size and one of a mean with a convolution behind it.
  fileprivate mutating func mixed(
    _ x: Output, _ name: String, _ branches: [[Step]], pool width: Int
  ) -> Output {
    var results = branches.map { branch(x, $0) }
    results.append(convolved(averagePool(x, 3, stride: 1, .same), Step(width, 1)))
    return concatenate(results, name: name)
  }

  /// Draws branches that halve the image, and a maximum.
  fileprivate mutating func reduced(_ x: Output, _ name: String, _ branches: [[Step]]) -> Output {
    let results = branches.map { branch(x, $0) }
    return concatenate(results + [maxPool(x, 3, stride: 2)], name: name)
  }

  /// Draws the last blocks of InceptionV3, in which branches fan out once more.
  fileprivate mutating func fanned(_ x: Output, number: Int) -> Output {
    let plain = convolved(x, Step(320, 1))
    let short = fan(convolved(x, Step(384, 1)), name: "mixed9_\(number)")
    let long = fan(branch(x, [Step(448, 1), Step(384, 3)]), name: nil)
    let pooled = convolved(averagePool(x, 3, stride: 1, .same), Step(192, 1))
    return concatenate([plain, short, long, pooled], name: "mixed\(9 + number)")
  }

  private mutating func fan(_ x: Output, name: String?) -> Output {
    let flat = convolved(x, Step(384, Window(1, 3)))
    let tall = convolved(x, Step(384, Window(3, 1)))
    return concatenate([flat, tall], name: name)
  }

  /// Draws branches whose scaled sum is added to what they read.
  fileprivate mutating func corrected(
    _ x: Output, _ name: String, scale: Double, activates: Bool = true, _ branches: [[Step]]
  ) -> Output {
    let results = branches.map { branch(x, $0) }
    let all = concatenate(results, name: "\(name)_mixed")
    let change = conv(all, x.channels, 1, .same, name: "\(name)_conv")
    let sum = layer(
      "CustomScaleLayer", ["scale": .float(scale)], on: [.list([x, change])], shape: x.shape,
      kind: .custom(module: "keras.src.applications.inception_resnet_v2"), name: nil)
    return activates ? activation(sum, "relu", name: "\(name)_ac") : sum
  }

  private mutating func branch(_ x: Output, _ steps: [Step]) -> Output {
    steps.reduce(x) { convolved($0, $1) }
  }

  /// A convolution with stride has no border, others keep the size.
  private mutating func convolved(_ x: Output, _ step: Step, border: Border? = nil) -> Output {
    let border = border ?? (step.stride == 1 ? .same : .valid)
    var x = conv(x, step.width, step.kernel, stride: step.stride, border, bias: false)
    x = batchNorm(x, scale: false)
    return activation(x, "relu")
  }
}
