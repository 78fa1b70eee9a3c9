extension Architecture {
  /// ConvNeXt (Liu et al. 2022): depthwise convolutions and dense layers on every pixel.
  static let convNeXt: [Architecture] = [
    ("Tiny", 9, 96), ("Small", 27, 96), ("Base", 27, 128), ("Large", 27, 192), ("XLarge", 27, 256),
  ].map { variant, depth, width in
    let name = "convnext_\(variant.lowercased())"
    return Architecture(
      "ConvNeXt\(variant)", traits: [.preprocessing], generations: [.keras3, .keras2],
      modelName: { _ in name }
    ) { m, input, settings in
      var x = input
      if settings.hasPreprocessing {
        x = m.normalization(
          x, constants: PixelStatistics.byte, name: "\(name)_prestem_normalization")
      }
      for (stage, depth) in [3, 3, depth, 3].enumerated() {
        x = reduction(&m, x, width << stage, stage: stage, name)
        for k in 0..<depth { x = block(&m, x, "\(name)_stage_\(stage)_block_\(k)") }
      }
      guard settings.hasTop else { return m.layerNorm(m.pooled(x, settings)) }
      x = m.globalAverage(x, name: "\(name)_head_gap")
      x = m.layerNorm(x, name: "\(name)_head_layernorm")
      return m.dense(
        x, settings.classes, activation: settings.activation, name: "\(name)_head_dense")
    }
  }

  /// The stem, or what halves the image in front of a later stage: models in the model.
  private static func reduction(
    _ m: inout ModelBuilder, _ x: Output, _ width: Int, stage: Int, _ name: String
  ) -> Output {
    if stage == 0 {
      return m.sequential(on: x, name: "\(name)_stem") { m, x in
        let x = m.conv(x, width, 4, stride: 4, name: "\(name)_stem_conv")
        return m.layerNorm(x, name: "\(name)_stem_layernorm")
      }
    }
    return m.sequential(on: x, name: "\(name)_downsampling_block_\(stage - 1)") { m, x in
      let x = m.layerNorm(x, name: "\(name)_downsampling_layernorm_\(stage - 1)")
      return m.conv(x, width, 2, stride: 2, name: "\(name)_downsampling_conv_\(stage - 1)")
    }
  }

  private static func block(_ m: inout ModelBuilder, _ input: Output, _ name: String) -> Output {
    let width = input.channels
    var x = m.conv(input, width, 7, .same, groups: width, name: "\(name)_depthwise_conv")
    x = m.layerNorm(x, name: "\(name)_layernorm")
    x = m.dense(x, 4 * width, name: "\(name)_pointwise_conv_1")
    x = m.activation(x, "gelu", name: "\(name)_gelu")
    x = m.dense(x, width, name: "\(name)_pointwise_conv_2")
    x = m.layer(
      "LayerScale", ["init_values": .float(1e-6), "projection_dim": .int(width)], on: x,
      weights: [.init(name: "gamma", shape: [width])],
      kind: .custom(module: "keras.src.applications.convnext"), name: "\(name)_layer_scale")
    x = m.activation(x, "linear", name: "\(name)_identity")
    return m.operation("Add", input, .output(x))
  }
}
