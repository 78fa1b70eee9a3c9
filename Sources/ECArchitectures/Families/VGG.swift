extension Architecture {
  /// VGG16 and VGG19: plain stacks of 3×3 convolutions (Simonyan, Zisserman 2014).
  static let vgg: [Architecture] = [
    vgg("VGG16", depths: [2, 2, 3, 3, 3]), vgg("VGG19", depths: [2, 2, 4, 4, 4]),
  ]

  private static func vgg(_ name: String, depths: [Int]) -> Architecture {
    let widths = [64, 128, 256, 512, 512]
    return Architecture(
      name, modelName: { _ in name.lowercased() },
      // Images are halved five times in front of the first dense layer.
      side: ("fc1", { shape in squareRoot(shape[0] / widths[4]).map { $0 * 32 } })
    ) { m, input, settings in
      var x = input
      for (block, (depth, width)) in zip(depths, widths).enumerated() {
        for k in 1...depth {
          x = m.conv(
            x, width, 3, .same, activation: "relu", name: "block\(block + 1)_conv\(k)")
        }
        x = m.maxPool(x, 2, stride: 2, name: "block\(block + 1)_pool")
      }
      guard settings.hasTop else { return m.pooled(x, settings) }
      x = m.flatten(x, name: "flatten")
      for name in ["fc1", "fc2"] { x = m.dense(x, 4096, activation: "relu", name: name) }
      return m.dense(x, settings.classes, activation: settings.activation, name: "predictions")
    }
  }

  private static func squareRoot(_ square: Int) -> Int? {
    (1...256).first { $0 * $0 == square }
  }
}
