extension Architecture {
  /// EfficientNetV2 (Tan, Le 2021): full convolutions in the first stages.
  static let efficientNetV2: [Architecture] =
    [
      (1.0, 1.0, 224), (1.0, 1.1, 240), (1.1, 1.2, 260), (1.2, 1.4, 300),
    ].enumerated().map { k, scale in
      efficientNetV2(
        "B\(k)", width: scale.0, depth: scale.1, size: scale.2, scalesPixelsToUnit: true,
        [(1, 16), (2, 32), (2, 48), (3, 96), (5, 112), (8, 192)], stem: 32)
    } + [
      efficientNetV2(
        "S", size: 384, [(2, 24), (4, 48), (4, 64), (6, 128), (9, 160), (15, 256)], stem: 24),
      efficientNetV2(
        "M", size: 480, [(3, 24), (5, 48), (5, 80), (7, 160), (14, 176), (18, 304), (5, 512)],
        stem: 24),
      efficientNetV2(
        "L", size: 480, [(4, 32), (7, 64), (7, 96), (10, 192), (19, 224), (25, 384), (7, 640)],
        stem: 32),
    ]

  private static func efficientNetV2(
    _ variant: String, width: Double = 1, depth: Double = 1, size: Int,
    scalesPixelsToUnit: Bool = false, _ counts: [(count: Int, width: Int)], stem: Int
  ) -> Architecture {
    let stages = self.stages(counts, stem: stem)
    @Sendable func scaled(_ filters: Int) -> Int { nearestWidth(Double(filters) * width) }
    return Architecture(
      "EfficientNetV2\(variant)", size: size, traits: [.preprocessing],
      modelName: { _ in "efficientnetv2-\(variant.lowercased())" }
    ) { m, input, settings in
      var x = input
      if settings.hasPreprocessing {
        if scalesPixelsToUnit {
          x = m.rescaling(x, .float(1 / 255))
          x = m.normalization(x, constants: PixelStatistics.unit)
        } else {
          x = m.rescaling(x, .float(1 / 128), offset: -1)
        }
      }
      x = m.conv(
        x, scaled(stem), 3, stride: 2, .same, bias: false,
        name: "stem_conv")
      x = m.batchNorm(x, name: "stem_bn")
      x = m.activation(x, "silu", name: "stem_activation")
      let blocks = MobileBlock.scaled(stages, width: scaled, depth: depth, dropsByScaled: false)
      for block in blocks { x = block.draw(&m, x) }
      return m.efficientHead(x, scaled(1280), dropout: 0.2, settings)
    }
  }

  /// The first three stages are fused; strides and expansions are the same in all variants.
  private static func stages(_ counts: [(count: Int, width: Int)], stem: Int)
    -> [MobileBlock.Stage]
  {
    let strides = [1, 2, 2, 2, 1, 2, 1]
    let expansions = [1, 4, 4, 4, 6, 6, 6]
    return counts.enumerated().map { k, stage in
      MobileBlock.Stage(
        count: stage.count, from: k == 0 ? stem : counts[k - 1].width, to: stage.width, kernel: 3,
        stride: strides[k], expansion: expansions[k], isFused: k < 3, padsApart: false)
    }
  }
}
