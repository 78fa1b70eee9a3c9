extension Architecture {
  /// MobileNetV3 (Howard et al. 2019), whose gates and hard swishes are spelled out in operations.
  static let mobileNetV3: [Architecture] = [
    mobileNetV3(
      "Small", last: 1024,
      [
        .init(1, 16, 3, 2, hasGate: true, isHard: false),
        .init(72.0 / 16, 24, 3, 2, hasGate: false, isHard: false),
        .init(88.0 / 24, 24, 3, 1, hasGate: false, isHard: false), .init(4, 40, 5, 2),
        .init(6, 40, 5, 1), .init(6, 40, 5, 1), .init(3, 48, 5, 1), .init(3, 48, 5, 1),
        .init(6, 96, 5, 2), .init(6, 96, 5, 1), .init(6, 96, 5, 1),
      ]),
    mobileNetV3(
      "Large", last: 1280,
      [
        .init(1, 16, 3, 1, hasGate: false, isHard: false),
        .init(4, 24, 3, 2, hasGate: false, isHard: false),
        .init(3, 24, 3, 1, hasGate: false, isHard: false), .init(3, 40, 5, 2, isHard: false),
        .init(3, 40, 5, 1, isHard: false), .init(3, 40, 5, 1, isHard: false),
        .init(6, 80, 3, 2, hasGate: false), .init(2.5, 80, 3, 1, hasGate: false),
        .init(2.3, 80, 3, 1, hasGate: false), .init(2.3, 80, 3, 1, hasGate: false),
        .init(6, 112, 3, 1), .init(6, 112, 3, 1), .init(6, 160, 5, 2), .init(6, 160, 5, 1),
        .init(6, 160, 5, 1),
      ]),
  ]

  private struct Block: Sendable {
    let expansion: Double
    let filters: Double
    let kernel: Int
    let stride: Int
    let hasGate: Bool
    /// Whether the hard swish stands where others have ReLU.
    let isHard: Bool

    init(
      _ expansion: Double, _ filters: Double, _ kernel: Int, _ stride: Int, hasGate: Bool = true,
      isHard: Bool = true
    ) {
      self.expansion = expansion
      self.filters = filters
      self.kernel = kernel
      self.stride = stride
      self.hasGate = hasGate
      self.isHard = isHard
    }
  }

  private static func mobileNetV3(_ variant: String, last: Double, _ blocks: [Block])
    -> Architecture
  {
    Architecture(
      "MobileNetV3\(variant)", traits: [.alpha, .preprocessing, .minimalistic],
      generations: [.keras3, .keras2],
      modelName: {
        $0.generation == .keras3
          ? "MobileNetV3\(variant)" : "MobilenetV3\(variant.lowercased())"
      }
    ) { m, input, settings in
      let names = NamesV3(isKeras3: settings.generation == .keras3)
      let hasHard = !settings.isMinimalistic
      var x = input
      if settings.hasPreprocessing { x = m.rescaling(x, .float(1 / 127.5), offset: -1) }
      x = m.conv(x, 16, 3, stride: 2, .same, bias: false, name: names.conv(nil))
      x = m.batchNorm(x, name: names.norm(names.conv(nil)))
      x = activation(&m, x, isHard: hasHard)
      for (id, block) in blocks.enumerated() {
        x = self.block(&m, x, block, id: id, settings, names)
      }
      x = m.conv(
        x, roundedWidth(Double(x.channels) * 6), 1, .same, bias: false, name: names.conv(1))
      x = m.batchNorm(x, name: names.norm(names.conv(1)))
      x = activation(&m, x, isHard: hasHard)
      guard settings.hasTop else {
        return m.pooled(x, settings, names: ("avg_pool", "max_pool"))
      }
      let width = settings.alpha > 1 ? roundedWidth(last * settings.alpha) : Int(last)
      x = m.globalAverage(x, keepsAxes: true)
      x = m.conv(x, width, 1, .same, name: names.conv(2))
      x = activation(&m, x, isHard: hasHard)
      x = m.dropout(x, 0.2)
      x = m.conv(x, settings.classes, 1, .same, name: names.logits)
      x = m.flatten(x)
      return m.activation(x, settings.activation, name: names.predictions)
    }
  }

  private static func block(
    _ m: inout ModelBuilder, _ input: Output, _ block: Block, id: Int, _ settings: Settings,
    _ names: NamesV3
  ) -> Output {
    let isHard = block.isHard && !settings.isMinimalistic
    let kernel = settings.isMinimalistic ? 3 : block.kernel
    let width = roundedWidth(block.filters * settings.alpha)
    let inside = roundedWidth(Double(input.channels) * block.expansion)
    var x = input
    if id > 0 {
      let name = names.block(id, "expand")
      x = m.conv(x, inside, 1, .same, bias: false, name: name)
      x = activation(&m, m.batchNorm(x, name: names.norm(name)), isHard: isHard)
    }
    let name = names.block(id, "depthwise")
    if block.stride == 2 {
      x = m.padForStride(x, kernel: kernel, name: names.inside(name, "pad"))
    }
    x = m.depthwise(
      x, Window(kernel), stride: block.stride, block.stride == 1 ? .same : .valid, name: name)
    x = activation(&m, m.batchNorm(x, name: names.norm(name)), isHard: isHard)
    if block.hasGate && !settings.isMinimalistic {
      x = gateV3(&m, x, reduced: roundedWidth(Double(inside) * 0.25), id: id, names)
    }
    let last = names.block(id, "project")
    x = m.conv(x, width, 1, .same, bias: false, name: last)
    x = m.batchNorm(x, name: names.norm(last))
    if block.stride == 1 && input.channels == width {
      x = m.merge("Add", [input, x], name: names.block(id, names.isKeras3 ? "add" : "Add"))
    }
    return x
  }

  private static func gateV3(
    _ m: inout ModelBuilder, _ x: Output, reduced: Int, id: Int, _ names: NamesV3
  ) -> Output {
    var gate = m.globalAverage(x, keepsAxes: true, name: names.gate(id, "avg_pool", "AvgPool"))
    gate = m.conv(gate, reduced, 1, .same, name: names.gate(id, "conv", "Conv"))
    gate = m.relu(gate, name: names.gate(id, "relu", "Relu"))
    gate = m.conv(gate, x.channels, 1, .same, name: names.gate(id, "conv_1", "Conv_1"))
    gate = hardSigmoid(&m, gate)
    return m.merge("Multiply", [x, gate], name: names.gate(id, "mul", "Mul"))
  }

  private static func activation(_ m: inout ModelBuilder, _ x: Output, isHard: Bool) -> Output {
    guard isHard else { return m.relu(x) }
    // Keras 3 has the hard swish as one activation.
    if m.generation == .keras3 { return m.activation(x, "hard_silu") }
    let gate = hardSigmoid(&m, x)
    return m.merge("Multiply", [x, gate])
  }

  private static func hardSigmoid(_ m: inout ModelBuilder, _ x: Output) -> Output {
    let shifted = m.operation("Add", x, .number(3))
    return m.operation("Multiply", m.relu(shifted, maximum: 6), .number(1 / 6))
  }
}

/// The names of MobileNetV3's layers: Keras 2 has paths, Keras 3 underscores.
private struct NamesV3 {
  let isKeras3: Bool

  var logits: String { isKeras3 ? "logits" : "Logits" }
  var predictions: String { isKeras3 ? "predictions" : "Predictions" }

  func conv(_ number: Int?) -> String {
    (isKeras3 ? "conv" : "Conv") + (number.map { "_\($0)" } ?? "")
  }

  func norm(_ name: String) -> String { isKeras3 ? "\(name)_bn" : "\(name)/BatchNorm" }

  func inside(_ outer: String, _ name: String) -> String {
    isKeras3 ? "\(outer)_\(name)" : "\(outer)/\(name)"
  }

  func block(_ id: Int, _ name: String) -> String {
    inside(id == 0 ? "expanded_conv" : "expanded_conv_\(id)", name)
  }

  func gate(_ id: Int, _ keras3: String, _ keras2: String) -> String {
    inside(block(id, "squeeze_excite"), isKeras3 ? keras3 : keras2)
  }
}
