extension Architecture {
  /// The three generations of MobileNet.
  static let mobileNet: [Architecture] = [mobileNetV1, mobileNetV2] + mobileNetV3

  /// MobileNet (Howard et al. 2017): depthwise and pointwise convolutions in turn.
  private static let mobileNetV1 = Architecture(
    "MobileNet", traits: [.alpha],
    modelName: { "mobilenet_\($0.alphaText)_\($0.sideText)" }
  ) { m, input, settings in
    func width(_ filters: Int) -> Int { Int(Double(filters) * settings.alpha) }
    var x = m.conv(input, width(32), 3, stride: 2, .same, bias: false, name: "conv1")
    x = m.batchNorm(x, name: "conv1_bn")
    x = m.relu(x, maximum: 6, name: "conv1_relu")
    let blocks =
      [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)]
      + [(Int, Int)](repeating: (512, 1), count: 5) + [(1024, 2), (1024, 1)]
    for (k, (filters, stride)) in blocks.enumerated() {
      let id = k + 1
      if stride == 2 {
        x = m.pad(x, top: 0, bottom: 1, left: 0, right: 1, name: "conv_pad_\(id)")
      }
      x = m.depthwise(x, 3, stride: stride, stride == 1 ? .same : .valid, name: "conv_dw_\(id)")
      x = m.batchNorm(x, name: "conv_dw_\(id)_bn")
      x = m.relu(x, maximum: 6, name: "conv_dw_\(id)_relu")
      x = m.conv(x, width(filters), 1, .same, bias: false, name: "conv_pw_\(id)")
      x = m.batchNorm(x, name: "conv_pw_\(id)_bn")
      x = m.relu(x, maximum: 6, name: "conv_pw_\(id)_relu")
    }
    guard settings.hasTop else { return m.pooled(x, settings) }
    x = m.globalAverage(x, keepsAxes: true)
    x = m.dropout(x, 1e-3, name: "dropout")
    x = m.conv(x, settings.classes, 1, .same, name: "conv_preds")
    x = m.reshape(x, to: [settings.classes], name: "reshape_2")
    return m.activation(x, settings.activation, name: "predictions")
  }

  /// MobileNetV2 (Sandler et al. 2018): narrow residual blocks that widen inside.
  private static let mobileNetV2 = Architecture(
    "MobileNetV2", traits: [.alpha],
    modelName: { "mobilenetv2_\($0.alphaText)_\($0.sideText)" }
  ) { m, input, settings in
    let alpha = settings.alpha
    var x = m.conv(
      input, roundedWidth(32 * alpha), 3, stride: 2, .same, bias: false, name: "Conv1")
    x = m.batchNorm(x, name: "bn_Conv1")
    x = m.relu(x, maximum: 6, name: "Conv1_relu")
    // Filters, blocks, and the first block's stride, for each stage.
    let stages = [
      (16, 1, 1), (24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1),
    ]
    var id = 0
    for (filters, count, stride) in stages {
      for k in 0..<count {
        let width = roundedWidth(Double(Int(Double(filters) * alpha)))
        x = invertedBlock(&m, x, width, stride: k == 0 ? stride : 1, id: id)
        id += 1
      }
    }
    let last = alpha > 1 ? roundedWidth(1280 * alpha) : 1280
    x = m.conv(x, last, 1, bias: false, name: "Conv_1")
    x = m.batchNorm(x, name: "Conv_1_bn")
    x = m.relu(x, maximum: 6, name: "out_relu")
    return m.head(x, settings, names: .init(average: nil, pooling: (nil, nil)))
  }

  private static func invertedBlock(
    _ m: inout ModelBuilder, _ input: Output, _ width: Int, stride: Int, id: Int
  ) -> Output {
    let prefix = id == 0 ? "expanded_conv_" : "block_\(id)_"
    var x = input
    if id > 0 {
      x = m.conv(x, 6 * input.channels, 1, .same, bias: false, name: "\(prefix)expand")
      x = m.batchNorm(x, name: "\(prefix)expand_BN")
      x = m.relu(x, maximum: 6, name: "\(prefix)expand_relu")
    }
    if stride == 2 { x = m.padForStride(x, kernel: 3, name: "\(prefix)pad") }
    x = m.depthwise(
      x, 3, stride: stride, stride == 1 ? .same : .valid, name: "\(prefix)depthwise")
    x = m.batchNorm(x, name: "\(prefix)depthwise_BN")
    x = m.relu(x, maximum: 6, name: "\(prefix)depthwise_relu")
    x = m.conv(x, width, 1, .same, bias: false, name: "\(prefix)project")
    x = m.batchNorm(x, name: "\(prefix)project_BN")
    if input.channels == width && stride == 1 {
      x = m.merge("Add", [input, x], name: "\(prefix)add")
    }
    return x
  }
}

extension Settings {
  /// The factor with two decimals, as names of models have it.
  fileprivate var alphaText: String {
    let hundredths = Int((alpha * 100).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }

  /// The height, as names of models have it.
  fileprivate var sideText: String {
    if case .pixels(let height, _) = size { return "\(height)" }
    return "None"
  }
}
