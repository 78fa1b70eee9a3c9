extension Architecture {
  /// ResNet-RS (Bello et al. 2021): ResNet with gates and a deeper stem; only Keras 2 has it.
  static let resNetRS: [Architecture] = [
    (50, [3, 4, 6, 3]), (101, [3, 4, 23, 3]), (152, [3, 8, 36, 3]), (200, [3, 24, 36, 3]),
    (270, [4, 29, 53, 4]), (350, [4, 36, 72, 4]), (420, [4, 44, 87, 4]),
  ].map { depth, counts in
    Architecture(
      "ResNetRS\(depth)", traits: [.preprocessing], generations: [.keras2],
      modelName: { _ in "resnet-rs-\(depth)" }
    ) { m, input, settings in
      var x = input
      if settings.hasPreprocessing {
        x = m.rescaling(x, .float(1 / 255))
        x = m.normalization(x, constants: PixelStatistics.unit)
      }
      x = stem(&m, x)
      // Deep ones drop whole blocks in training, ever more of them from stage to stage.
      let dropRate = depth >= 200 ? 0.1 : 0
      for (stage, count) in counts.enumerated() {
        for k in 0..<count {
          x = block(
            &m, x, 64 << stage, stride: k == 0 && stage > 0 ? 2 : 1, projects: k == 0,
            dropRate: dropRate * Double(stage + 2) / 5, "BlockGroup\(stage + 2)__block_\(k)_")
        }
      }
      return m.head(x, settings, dropout: depth >= 350 ? 0.4 : 0.25)
    }
  }

  private static func stem(_ m: inout ModelBuilder, _ input: Output) -> Output {
    var x = input
    for (k, (width, stride)) in [(32, 2), (32, 1), (64, 1), (64, 2)].enumerated() {
      x = padded(&m, x, width, kernel: 3, stride: stride, "stem_1_stem_conv_\(k + 1)")
      x = m.batchNorm(x, epsilon: 1e-5, name: "stem_1_stem_batch_norm_\(k + 1)")
      x = m.activation(x, "relu", name: "stem_1_stem_act_\(k + 1)")
    }
    return x
  }

  /// A convolution whose border doesn't depend on the size of the image.
  private static func padded(
    _ m: inout ModelBuilder, _ input: Output, _ width: Int, kernel: Int, stride: Int, _ name: String
  ) -> Output {
    let x = stride > 1 ? m.pad(input, kernel / 2) : input
    return m.conv(
      x, width, Window(kernel), stride: stride, stride > 1 ? .valid : .same, bias: false,
      name: name)
  }

  private static func block(
    _ m: inout ModelBuilder, _ input: Output, _ width: Int, stride: Int, projects: Bool,
    dropRate: Double, _ name: String
  ) -> Output {
    var shortcut = input
    if projects {
      if stride == 2 {
        shortcut = m.averagePool(
          input, 2, stride: 2, .same, name: "\(name)_projection_pooling")
      }
      shortcut = padded(
        &m, shortcut, 4 * width, kernel: 1, stride: 1, "\(name)_projection_conv")
      shortcut = m.batchNorm(shortcut, epsilon: 1e-5, name: "\(name)_projection_batch_norm")
    }
    var x = padded(&m, input, width, kernel: 1, stride: 1, "\(name)_conv_1")
    x = m.batchNorm(x, epsilon: 1e-5, name: "\(name)batch_norm_1")
    x = m.activation(x, "relu", name: "\(name)_act_1")
    x = padded(&m, x, width, kernel: 3, stride: stride, "\(name)_conv_2")
    x = m.batchNorm(x, epsilon: 1e-5, name: "\(name)_batch_norm_2")
    x = m.activation(x, "relu", name: "\(name)_act_2")
    x = padded(&m, x, 4 * width, kernel: 1, stride: 1, "\(name)_conv_3")
    x = m.batchNorm(x, epsilon: 1e-5, name: "\(name)_batch_norm_3")
    x = m.gate(x, reduced: width, activation: "relu", prefix: "\(name)_se_")
    if dropRate > 0 { x = m.dropout(x, dropRate, name: "\(name)_drop") }
    x = m.merge("Add", [x, shortcut])
    return m.activation(x, "relu", name: "\(name)_output_act")
  }
}
