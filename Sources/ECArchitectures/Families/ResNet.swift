extension Architecture {
  /// ResNet (He et al. 2015) and ResNetV2, which normalises in front of each convolution (2016).
  static let resNet: [Architecture] = [
    (50, [3, 4, 6, 3]), (101, [3, 4, 23, 3]), (152, [3, 8, 36, 3]),
  ].flatMap { depth, blocks in
    [
      resNet("ResNet\(depth)", blocks: blocks, isV2: false),
      resNet("ResNet\(depth)V2", blocks: blocks, isV2: true),
    ]
  }

  private static let epsilon = 1.001e-5

  private static func resNet(_ name: String, blocks: [Int], isV2: Bool) -> Architecture {
    Architecture(name, modelName: { _ in name.lowercased() }) { m, input, settings in
      var x = m.pad(input, 3, name: "conv1_pad")
      x = m.conv(x, 64, 7, stride: 2, name: "conv1_conv")
      if !isV2 { x = normalized(&m, x, "conv1", activation: "conv1_relu") }
      x = m.pad(x, 1, name: "pool1_pad")
      x = m.maxPool(x, 3, stride: 2, name: "pool1_pool")
      for (stage, count) in blocks.enumerated() {
        for k in 1...count {
          let name = "conv\(stage + 2)_block\(k)"
          let width = 64 << stage
          if isV2 {
            // The stride stands in a stage's last block; the last stage has none.
            let stride = k == count && stage < 3 ? 2 : 1
            x = blockV2(&m, x, width, stride: stride, projects: k == 1, name)
          } else {
            x = block(&m, x, width, stride: k == 1 && stage > 0 ? 2 : 1, projects: k == 1, name)
          }
        }
      }
      if isV2 { x = normalized(&m, x, "post", activation: "post_relu") }
      return m.head(x, settings)
    }
  }

  /// Batch normalisation and ReLU.
  private static func normalized(
    _ m: inout ModelBuilder, _ x: Output, _ name: String, activation: String
  ) -> Output {
    m.activation(m.batchNorm(x, epsilon: epsilon, name: "\(name)_bn"), "relu", name: activation)
  }

  private static func block(
    _ m: inout ModelBuilder, _ input: Output, _ width: Int, stride: Int, projects: Bool,
    _ name: String
  ) -> Output {
    var shortcut = input
    if projects {
      shortcut = m.conv(input, 4 * width, 1, stride: stride, name: "\(name)_0_conv")
      shortcut = m.batchNorm(shortcut, epsilon: epsilon, name: "\(name)_0_bn")
    }
    var x = m.conv(input, width, 1, stride: stride, name: "\(name)_1_conv")
    x = normalized(&m, x, "\(name)_1", activation: "\(name)_1_relu")
    x = m.conv(x, width, 3, .same, name: "\(name)_2_conv")
    x = normalized(&m, x, "\(name)_2", activation: "\(name)_2_relu")
    x = m.conv(x, 4 * width, 1, name: "\(name)_3_conv")
    x = m.batchNorm(x, epsilon: epsilon, name: "\(name)_3_bn")
    x = m.merge("Add", [shortcut, x], name: "\(name)_add")
    return m.activation(x, "relu", name: "\(name)_out")
  }

  private static func blockV2(
    _ m: inout ModelBuilder, _ input: Output, _ width: Int, stride: Int, projects: Bool,
    _ name: String
  ) -> Output {
    let ready = normalized(&m, input, "\(name)_preact", activation: "\(name)_preact_relu")
    var shortcut = input
    if projects {
      shortcut = m.conv(ready, 4 * width, 1, stride: stride, name: "\(name)_0_conv")
    } else if stride > 1 {
      shortcut = m.maxPool(input, 1, stride: stride)
    }
    var x = m.conv(ready, width, 1, bias: false, name: "\(name)_1_conv")
    x = normalized(&m, x, "\(name)_1", activation: "\(name)_1_relu")
    x = m.pad(x, 1, name: "\(name)_2_pad")
    x = m.conv(x, width, 3, stride: stride, bias: false, name: "\(name)_2_conv")
    x = normalized(&m, x, "\(name)_2", activation: "\(name)_2_relu")
    x = m.conv(x, 4 * width, 1, name: "\(name)_3_conv")
    return m.merge("Add", [shortcut, x], name: "\(name)_out")
  }
}
