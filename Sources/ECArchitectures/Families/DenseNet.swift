extension Architecture {
  /// DenseNet (Huang et al. 2016): every block reads the results of all before it.
  static let denseNet: [Architecture] = [
    (121, [6, 12, 24, 16]), (169, [6, 12, 32, 32]), (201, [6, 12, 48, 32]),
  ].map { depth, blocks in
    Architecture(
      "DenseNet\(depth)", generations: [.keras3, .keras2],
      modelName: { _ in "densenet\(depth)" }
    ) { m, input, settings in
      // Keras 2 writes the first convolution as a path.
      let first = settings.generation == .keras3 ? "conv1_" : "conv1/"
      var x = m.pad(input, 3)
      x = m.conv(x, 64, 7, stride: 2, bias: false, name: "\(first)conv")
      x = normalized(&m, x, "\(first)bn", "\(first)relu")
      x = m.pad(x, 1)
      x = m.maxPool(x, 3, stride: 2, name: "pool1")
      for (stage, count) in blocks.enumerated() {
        for k in 1...count { x = growth(&m, x, "conv\(stage + 2)_block\(k)") }
        if stage == blocks.count - 1 { break }
        let name = "pool\(stage + 2)"
        x = normalized(&m, x, "\(name)_bn", "\(name)_relu")
        x = m.conv(x, x.channels / 2, 1, bias: false, name: "\(name)_conv")
        x = m.averagePool(x, 2, stride: 2, name: "\(name)_pool")
      }
      x = normalized(&m, x, "bn", "relu")
      return m.head(x, settings)
    }
  }

  private static func normalized(
    _ m: inout ModelBuilder, _ x: Output, _ norm: String, _ activation: String
  ) -> Output {
    m.activation(m.batchNorm(x, epsilon: 1.001e-5, name: norm), "relu", name: activation)
  }

  /// Appends 32 channels.
  private static func growth(_ m: inout ModelBuilder, _ input: Output, _ name: String) -> Output {
    var x = normalized(&m, input, "\(name)_0_bn", "\(name)_0_relu")
    x = m.conv(x, 128, 1, bias: false, name: "\(name)_1_conv")
    x = normalized(&m, x, "\(name)_1_bn", "\(name)_1_relu")
    x = m.conv(x, 32, 3, .same, bias: false, name: "\(name)_2_conv")
    return m.concatenate([input, x], name: "\(name)_concat")
  }
}
