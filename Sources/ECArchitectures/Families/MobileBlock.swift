/// A residual block of EfficientNet: widened, filtered channel by channel, gated, narrowed.
struct MobileBlock {
  /// What the blocks of one resolution have in common, before scaling.
  struct Stage: Sendable {
    let count: Int
    let from: Int
    let to: Int
    let kernel: Int
    let stride: Int
    let expansion: Int
    /// Whether one full convolution stands for the two that widen and filter.
    var isFused = false
    /// Whether stride is done behind a layer of its own that pads.
    var padsApart = true
  }

  let prefix: String
  let width: Int
  let stride: Int
  let stage: Stage
  /// The share of steps in which training leaves the block out.
  let dropRate: Double

  /// All blocks of a network scaled in width and depth.
  /// - Parameter dropsByScaled: whether the share of steps without a block grows over the blocks
  ///   there are, or over those before scaling.
  static func scaled(
    _ stages: [Stage], width: (Int) -> Int, depth: Double, dropsByScaled: Bool = true
  ) -> [MobileBlock] {
    let counts = stages.map { Int((depth * Double($0.count)).rounded(.up)) }
    let total = dropsByScaled ? counts.reduce(0, +) : stages.reduce(0) { $0 + $1.count }
    var blocks: [MobileBlock] = []
    for (s, (stage, count)) in zip(stages, counts).enumerated() {
      for k in 0..<count {
        let letter = Character(Unicode.Scalar(UInt8(ascii: "a") + UInt8(k)))
        blocks.append(
          MobileBlock(
            prefix: "block\(s + 1)\(letter)_", width: width(stage.to),
            stride: k == 0 ? stage.stride : 1, stage: stage,
            dropRate: 0.2 * Double(blocks.count) / Double(total)))
      }
    }
    return blocks
  }

  /// Draws the block.
  func draw(_ m: inout ModelBuilder, _ input: Output) -> Output {
    var x = stage.isFused ? fused(&m, input) : filtered(&m, input)
    if stride == 1 && input.channels == width {
      if dropRate > 0 { x = m.dropout(x, dropRate, name: "\(prefix)drop") }
      x = m.merge("Add", [x, input], name: "\(prefix)add")
    }
    return x
  }

  private func filtered(_ m: inout ModelBuilder, _ input: Output) -> Output {
    var x = input
    if stage.expansion > 1 {
      x = convolved(&m, x, input.channels * stage.expansion, 1, stride: 1, "expand")
    }
    let needsPad = stride == 2 && stage.padsApart
    if needsPad { x = m.padForStride(x, kernel: stage.kernel, name: "\(prefix)dwconv_pad") }
    x = m.depthwise(
      x, Window(stage.kernel), stride: stride, needsPad ? .valid : .same,
      name: prefix + (stage.padsApart ? "dwconv" : "dwconv2"))
    x = m.batchNorm(x, name: "\(prefix)bn")
    x = m.activation(x, "silu", name: "\(prefix)activation")
    x = m.gate(x, reduced: max(1, input.channels / 4), activation: "silu", prefix: prefix)
    x = m.conv(x, width, 1, .same, bias: false, name: "\(prefix)project_conv")
    return m.batchNorm(x, name: "\(prefix)project_bn")
  }

  private func fused(_ m: inout ModelBuilder, _ input: Output) -> Output {
    guard stage.expansion > 1 else {
      return convolved(&m, input, width, stage.kernel, stride: stride, "project")
    }
    var x = convolved(
      &m, input, input.channels * stage.expansion, stage.kernel, stride: stride, "expand")
    x = m.conv(x, width, 1, .same, bias: false, name: "\(prefix)project_conv")
    return m.batchNorm(x, name: "\(prefix)project_bn")
  }

  private func convolved(
    _ m: inout ModelBuilder, _ input: Output, _ width: Int, _ kernel: Int, stride: Int,
    _ name: String
  ) -> Output {
    var x = m.conv(
      input, width, Window(kernel), stride: stride, .same, bias: false,
      name: "\(prefix)\(name)_conv")
    x = m.batchNorm(x, name: "\(prefix)\(name)_bn")
    x = m.activation(x, "silu", name: "\(prefix)\(name)_activation")
    return x
  }
}
