extension Architecture {
  /// RegNet (Radosavovic et al. 2020), without gates (X) and with (Y); only Keras 2 has it.
  static let regNet: [Architecture] =
    [
      ("X002", [1, 1, 4, 7], [24, 56, 152, 368], 8),
      ("X004", [1, 2, 7, 12], [32, 64, 160, 384], 16),
      ("X006", [1, 3, 5, 7], [48, 96, 240, 528], 24),
      ("X008", [1, 3, 7, 5], [64, 128, 288, 672], 16),
      ("X016", [2, 4, 10, 2], [72, 168, 408, 912], 24),
      ("X032", [2, 6, 15, 2], [96, 192, 432, 1008], 48),
      ("X040", [2, 5, 14, 2], [80, 240, 560, 1360], 40),
      ("X064", [2, 4, 10, 1], [168, 392, 784, 1624], 56),
      ("X080", [2, 5, 15, 1], [80, 240, 720, 1920], 120),
      ("X120", [2, 5, 11, 1], [224, 448, 896, 2240], 112),
      ("X160", [2, 6, 13, 1], [256, 512, 896, 2048], 128),
      ("X320", [2, 7, 13, 1], [336, 672, 1344, 2520], 168),
      ("Y002", [1, 1, 4, 7], [24, 56, 152, 368], 8),
      ("Y004", [1, 3, 6, 6], [48, 104, 208, 440], 8),
      ("Y006", [1, 3, 7, 4], [48, 112, 256, 608], 16),
      ("Y008", [1, 3, 8, 2], [64, 128, 320, 768], 16),
      ("Y016", [2, 6, 17, 2], [48, 120, 336, 888], 24),
      ("Y032", [2, 5, 13, 1], [72, 216, 576, 1512], 24),
      ("Y040", [2, 6, 12, 2], [128, 192, 512, 1088], 64),
      ("Y064", [2, 7, 14, 2], [144, 288, 576, 1296], 72),
      ("Y080", [2, 4, 10, 1], [168, 448, 896, 2016], 56),
      ("Y120", [2, 5, 11, 1], [224, 448, 896, 2240], 112),
      ("Y160", [2, 4, 11, 1], [224, 448, 1232, 3024], 112),
      ("Y320", [2, 5, 12, 1], [232, 696, 1392, 3712], 232),
    ].map { regNet($0.0, depths: $0.1, widths: $0.2, groupWidth: $0.3) }

  private static func regNet(
    _ variant: String, depths: [Int], widths: [Int], groupWidth: Int
  ) -> Architecture {
    let name = "regnet\(variant.lowercased())"
    let type = variant.prefix(1)
    return Architecture(
      "RegNet\(variant)", traits: [.preprocessing], generations: [.keras2],
      modelName: { _ in name }
    ) { m, input, settings in
      var x = input
      if settings.hasPreprocessing {
        x = m.rescaling(x, .float(1 / 255), name: "\(name)_prestem_rescaling")
      }
      x = m.conv(x, 32, 3, stride: 2, .same, bias: false, name: "\(name)_stem_conv")
      x = m.batchNorm(x, epsilon: 1e-5, name: "\(name)_stem_bn")
      x = m.relu(x, name: "\(name)_stem_relu")
      for (stage, (depth, width)) in zip(depths, widths).enumerated() {
        for k in 0..<depth {
          x = block(
            &m, x, width, groupWidth: groupWidth, stride: k == 0 ? 2 : 1, hasGate: type == "Y",
            "\(name)_Stage_\(stage)_\(type)Block_\(k)")
        }
      }
      guard settings.hasTop else { return m.pooled(x, settings) }
      x = m.globalAverage(x, name: "1_head_gap")
      // Keras ends here with the logits, whatever activation it is asked for.
      return m.dense(x, settings.classes, name: "1head_dense")
    }
  }

  private static func block(
    _ m: inout ModelBuilder, _ input: Output, _ width: Int, groupWidth: Int, stride: Int,
    hasGate: Bool, _ name: String
  ) -> Output {
    var skip = input
    if stride != 1 {
      skip = m.conv(input, width, 1, stride: stride, bias: false, name: "\(name)_skip_1x1")
      skip = m.batchNorm(skip, epsilon: 1e-5, name: "\(name)_skip_bn")
    }
    var x = m.conv(input, width, 1, bias: false, name: "\(name)_conv_1x1_1")
    x = m.batchNorm(x, epsilon: 1e-5, name: "\(name)_conv_1x1_1_bn")
    x = m.relu(x, name: "\(name)_conv_1x1_1_relu")
    x = m.conv(
      x, width, 3, stride: stride, .same, bias: false, groups: max(1, width / groupWidth),
      name: "\(name)_conv_3x3")
    x = m.batchNorm(x, epsilon: 1e-5, name: "\(name)_conv_3x3_bn")
    x = m.relu(x, name: "\(name)_conv_3x3_relu")
    if hasGate { x = gate(&m, x, reduced: input.channels / 4, "\(name)_squeeze_and_excite") }
    x = m.conv(x, width, 1, bias: false, name: "\(name)_conv_1x1_2")
    x = m.batchNorm(x, epsilon: 1e-5, name: "\(name)_conv_1x1_2_bn")
    return m.relu(m.operation("Add", x, .output(skip)), name: "\(name)_exit_relu")
  }

  private static func gate(_ m: inout ModelBuilder, _ x: Output, reduced: Int, _ name: String)
    -> Output
  {
    var gate = m.globalAverage(x, keepsAxes: true, name: "\(name)_gap")
    gate = m.conv(gate, reduced, 1, activation: "relu", name: "\(name)_squeeze")
    gate = m.conv(gate, x.channels, 1, activation: "sigmoid", name: "\(name)_excite")
    return m.operation("Multiply", gate, .output(x))
  }
}
