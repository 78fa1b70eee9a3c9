public import ECGraph

extension Activation: NonNegativeOperator {
  public func isNonNegative(_ operands: [Bool]) -> Bool {
    switch kind {
    case .relu, .sigmoid, .hardSigmoid, .exp, .abs, .sqrt, .softplus: true
    case .clip(let low, let high): high >= 0 && (low >= 0 || operands[0])
    case .thresholdedRelu(let alpha): alpha >= 0 || operands[0]
    case .leakyRelu, .elu, .selu, .celu, .hardSwish, .swish, .mish, .tanh, .softsign, .geluErf,
      .geluTanh, .floor, .ceil, .round, .sign, .erf, .reciprocal, .hardShrink:
      operands[0]
    case .softShrink(let bound), .linear(scale: let bound, shift: 0): bound >= 0 && operands[0]
    case .linear(let scale, let shift): scale >= 0 && shift >= 0 && operands[0]
    case .log, .negate, .sin, .cos: false
    }
  }
}

extension Elementwise: NonNegativeOperator {
  public func isNonNegative(_ operands: [Bool]) -> Bool {
    switch kind {
    case .maximum: operands.contains(true)
    case .add, .multiply, .divide, .minimum: operands.allSatisfy { $0 }
    case .power: operands[0]
    case .subtract: false
    }
  }
}

extension Softmax: NonNegativeOperator {
  public func isNonNegative(_ operands: [Bool]) -> Bool { !isLogarithm }
}

extension Pad: NonNegativeOperator {
  public func isNonNegative(_ operands: [Bool]) -> Bool { operands[0] && value >= 0 }
}

/// An operator that gives weighted means, maxima or copies of what it reads.
protocol RangeKeepingOperator: NonNegativeOperator {}

extension RangeKeepingOperator {
  public func isNonNegative(_ operands: [Bool]) -> Bool { operands.allSatisfy { $0 } }
}

extension Pool: RangeKeepingOperator {}
extension GlobalPool: RangeKeepingOperator {}
extension Reduce: RangeKeepingOperator {}
extension Resize: RangeKeepingOperator {}
extension Concat: RangeKeepingOperator {}
extension Flatten: RangeKeepingOperator {}
extension Reshape: RangeKeepingOperator {}
extension Slice: RangeKeepingOperator {}
extension Transpose: RangeKeepingOperator {}
