extension Architecture {
  /// Xception (Chollet 2016): residual blocks of separable convolutions.
  static let xception = Architecture("Xception", size: 299, modelName: { _ in "xception" }) {
    m, input, settings in
    var x = input
    for (k, width) in [32, 64].enumerated() {
      let name = "block1_conv\(k + 1)"
      x = m.conv(x, width, 3, stride: k == 0 ? 2 : 1, bias: false, name: name)
      x = m.activation(m.batchNorm(x, name: "\(name)_bn"), "relu", name: "\(name)_act")
    }
    for (block, width) in [(2, 128), (3, 256), (4, 728)] {
      x = halving(&m, x, [width, width], block: block)
    }
    for block in 5...12 {
      let input = x
      for k in 1...3 { x = separable(&m, x, 728, block: block, k) }
      x = m.merge("Add", [x, input])
    }
    x = halving(&m, x, [728, 1024], block: 13)
    for (k, width) in [1536, 2048].enumerated() {
      let name = "block14_sepconv\(k + 1)"
      x = m.batchNorm(m.separable(x, width, 3, name: name), name: "\(name)_bn")
      x = m.activation(x, "relu", name: "\(name)_act")
    }
    return m.head(x, settings, names: .init(pooling: (nil, nil)))
  }

  /// A block that halves the image, with a convolution beside it.
  private static func halving(
    _ m: inout ModelBuilder, _ input: Output, _ widths: [Int], block: Int
  ) -> Output {
    var residual = m.conv(input, widths[1], 1, stride: 2, .same, bias: false)
    residual = m.batchNorm(residual)
    var x = input
    for (k, width) in widths.enumerated() {
      // What the first of these blocks reads has been through an activation already.
      x = separable(&m, x, width, block: block, k + 1, activates: block > 2 || k > 0)
    }
    x = m.maxPool(x, 3, stride: 2, .same, name: "block\(block)_pool")
    return m.merge("Add", [x, residual])
  }

  private static func separable(
    _ m: inout ModelBuilder, _ input: Output, _ width: Int, block: Int, _ number: Int,
    activates: Bool = true
  ) -> Output {
    let name = "block\(block)_sepconv\(number)"
    var x = input
    if activates { x = m.activation(x, "relu", name: "\(name)_act") }
    x = m.separable(x, width, 3, name: name)
    return m.batchNorm(x, name: "\(name)_bn")
  }
}
