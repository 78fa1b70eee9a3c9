import ECGraph

extension Architecture {
  /// EfficientNet (Tan, Le 2019), from B0 scaled up in width, depth and image size.
  static let efficientNet: [Architecture] = [
    (1.0, 1.0, 224, 0.2), (1.0, 1.1, 240, 0.2), (1.1, 1.2, 260, 0.3), (1.2, 1.4, 300, 0.3),
    (1.4, 1.8, 380, 0.4), (1.6, 2.2, 456, 0.4), (1.8, 2.6, 528, 0.5), (2.0, 3.1, 600, 0.5),
  ].enumerated().map { k, scale in
    efficientNet(
      "EfficientNetB\(k)", width: scale.0, depth: scale.1, size: scale.2, dropout: scale.3)
  }

  private static func efficientNet(
    _ name: String, width: Double, depth: Double, size: Int, dropout: Double
  ) -> Architecture {
    @Sendable func scaled(_ filters: Int) -> Int { roundedWidth(Double(filters) * width) }
    return Architecture(
      name, size: size, traits: [.imagenet], modelName: { _ in name.lowercased() }
    ) { m, input, settings in
      var x = m.rescaling(input, .float(1 / 255))
      x = m.normalization(x)
      if settings.isImageNet {
        // The released weights hold deviations where variances belong; this makes up for it.
        x = m.rescaling(
          x, .list(PixelStatistics.deviations.map { .float(1 / $0.squareRoot()) }))
      }
      x = m.padForStride(x, kernel: 3, name: "stem_conv_pad")
      x = m.conv(x, scaled(32), 3, stride: 2, bias: false, name: "stem_conv")
      x = m.batchNorm(x, name: "stem_bn")
      x = m.activation(x, "silu", name: "stem_activation")
      let blocks = MobileBlock.scaled(stages, width: scaled, depth: depth)
      for block in blocks { x = block.draw(&m, x) }
      return m.efficientHead(x, scaled(1280), dropout: dropout, settings)
    }
  }

  private static let stages: [MobileBlock.Stage] = [
    .init(count: 1, from: 32, to: 16, kernel: 3, stride: 1, expansion: 1),
    .init(count: 2, from: 16, to: 24, kernel: 3, stride: 2, expansion: 6),
    .init(count: 2, from: 24, to: 40, kernel: 5, stride: 2, expansion: 6),
    .init(count: 3, from: 40, to: 80, kernel: 3, stride: 2, expansion: 6),
    .init(count: 3, from: 80, to: 112, kernel: 5, stride: 1, expansion: 6),
    .init(count: 4, from: 112, to: 192, kernel: 5, stride: 2, expansion: 6),
    .init(count: 1, from: 192, to: 320, kernel: 3, stride: 1, expansion: 6),
  ]
}

extension ModelBuilder {
  /// Draws the end of both generations of EfficientNet.
  mutating func efficientHead(
    _ input: Output, _ width: Int, dropout: Double, _ settings: Settings
  ) -> Output {
    var x = conv(input, width, 1, .same, bias: false, name: "top_conv")
    x = batchNorm(x, name: "top_bn")
    x = activation(x, "silu", name: "top_activation")
    return head(x, settings, dropout: dropout)
  }
}
