public import ECGraph
import ECTensor

/// Functions in layers that mean the same in Keras 2 and 3: `hard_sigmoid` has two meanings,
/// and some names only Keras 3 knows.
extension Activation {
  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    var chain = LayerChain()
    let isNew = context.dialect == .keras3
    switch kind {
    case .relu: chain.relu()
    case .clip(let low, let high):
      guard chain.clip(Double(low), Double(high)) else { return nil }
    case .thresholdedRelu(let alpha): chain.relu(threshold: Double(alpha))
    case .leakyRelu(let slope):
      let key = isNew ? "negative_slope" : "alpha"
      chain.add("LeakyReLU", [key: .float(Double(slope))], suffix: "")
    case .elu(let alpha): chain.add("ELU", ["alpha": .float(Double(alpha))], suffix: "")
    case .celu(let alpha):
      // alpha · elu(x / alpha)
      if alpha != 1 { chain.rescale([1 / Double(alpha)], suffix: "scaled") }
      chain.add("ELU", ["alpha": .float(1)], suffix: "elu")
      if alpha != 1 { chain.rescale([Double(alpha)]) }
    case .selu: chain.activation("selu")
    case .sigmoid: chain.activation("sigmoid")
    case .hardSigmoid(let alpha, let beta):
      chain.rescale([Double(alpha)], [Double(beta)], suffix: "scaled")
      chain.relu(limit: 1)
    case .hardSwish where isNew: chain.activation("hard_swish")
    case .hardSwish:
      chain.rescale([1.0 / 6], [0.5], suffix: "scaled")
      chain.relu(limit: 1)
      chain.add("Multiply", on: [.operand(0), chain.result], suffix: "product")
    case .swish: chain.activation("swish")
    case .mish: chain.activation("mish")
    case .tanh: chain.activation("tanh")
    case .softplus: chain.activation("softplus")
    case .softsign: chain.activation("softsign")
    case .geluErf: chain.activation("gelu")
    case .geluTanh: chain.geluTanh()
    case .exp: chain.activation("exponential")
    case .abs:
      chain.rescale([-1], suffix: "negative")
      chain.add("Maximum", on: [.operand(0), chain.result], suffix: "maximum")
    case .negate: chain.rescale([-1])
    case .linear(let scale, let shift): chain.rescale([Double(scale)], [Double(shift)])
    case .softShrink(let bound): chain.shrink(Double(bound), isSoft: true)
    case .hardShrink(let bound): chain.shrink(Double(bound), isSoft: false)
    case .log, .sqrt, .reciprocal, .erf, .floor, .ceil, .round, .sign, .sin, .cos: return nil
    }
    return chain.exported
  }
}

extension LayerChain {
  /// Bounds from below and above; false where neither is one.
  fileprivate mutating func clip(_ low: Double, _ high: Double) -> Bool {
    switch (low.isFinite, high.isFinite) {
    case (true, _):
      if low != 0 { rescale([1], [-low], suffix: "minus") }
      relu(limit: high.isFinite ? high - low : nil)
      if low != 0 { rescale([1], [low]) }
    case (false, true):
      rescale([-1], [high], suffix: "minus")
      relu()
      rescale([-1], [high])
    case (false, false): return false
    }
    return true
  }

  /// `x · sigmoid(2 · √(2/π) · (x + 0.044715 x³))`, which is GELU with the hyperbolic tangent.
  fileprivate mutating func geluTanh() {
    let scale = 2 * (2 / Double.pi).squareRoot()
    add("Multiply", on: [.operand(0), .operand(0)], suffix: "square")
    rescale([0.044715 * scale], [scale], suffix: "scaled")
    add("Multiply", on: [.operand(0), result], suffix: "cubic")
    activation("sigmoid")
    add("Multiply", on: [.operand(0), result], suffix: "product")
  }

  /// Values near zero become zero; a soft shrink draws the others nearer by the bound.
  fileprivate mutating func shrink(_ bound: Double, isSoft: Bool) {
    func side(_ sign: Double, _ suffix: String) -> LayerOperand {
      result = .operand(0)
      if isSoft || sign < 0 {
        rescale([sign], [isSoft ? -bound : 0], suffix: suffix + "_shifted")
      }
      relu(threshold: isSoft ? 0 : bound, suffix: suffix)
      return result
    }
    let above = side(1, "above")
    let below = side(-1, "below")
    add("Subtract", on: [above, below], suffix: "difference")
  }
}
