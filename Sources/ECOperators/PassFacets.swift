public import ECGraph

/// An operator whose output channels can be scaled and shifted by changing its weights.
///
/// Operands: x, weights, bias (optional).
public protocol ScalableOperator: Operator {
  /// The axis of the weights that makes the output channels.
  var producerAxis: Int { get }
  /// The axis of the result on which the output channels stand, for a result of a rank.
  func channelAxis(rank: Int) -> Int
}

/// An operator that can take zeros around the picture into its own padding.
public protocol PaddingOperator: Operator {
  /// This operator on the picture without the zeros, or `nil` if it can't take them.
  func absorbing(_ pad: Pad) -> (any Operator)?
}

extension Convolution: ScalableOperator, PaddingOperator {
  public var producerAxis: Int { 0 }
  public func channelAxis(rank: Int) -> Int { layout.channelAxis(rank: rank) }
}

extension DepthwiseConvolution: ScalableOperator, PaddingOperator {
  public var producerAxis: Int { 0 }
  public func channelAxis(rank: Int) -> Int { layout.channelAxis(rank: rank) }
}

/// An operator whose window slides over zeros around the picture as over pixels.
protocol ZeroPaddedOperator: ImageOperator {
  /// The window and its padding.
  var geometry: WindowGeometry { get set }
}

extension ZeroPaddedOperator {
  public func absorbing(_ pad: Pad) -> (any Operator)? {
    guard let padding = geometry.padding.adding(pad, layout) else { return nil }
    var other = self
    other.geometry.padding = padding
    return other
  }
}

extension Convolution: ZeroPaddedOperator {}
extension DepthwiseConvolution: ZeroPaddedOperator {}

extension TransposedConvolution: ScalableOperator {
  public var producerAxis: Int { 1 }
  public func channelAxis(rank: Int) -> Int { layout.channelAxis(rank: rank) }
}

extension Dense: ScalableOperator {
  public var producerAxis: Int { isTransposed ? 0 : 1 }
  public func channelAxis(rank: Int) -> Int { rank - 1 }
}

extension Padding {
  /// This padding and the zeros of a Pad together, or `nil` if they aren't both plain counts.
  fileprivate func adding(_ pad: Pad, _ layout: ImageLayout) -> Padding? {
    let rank = pad.begin.count
    let axes = Array(layout.spatialAxes(rank: rank))
    let others = (0..<rank).filter { !axes.contains($0) }
    guard pad.mode == .constant, pad.value == 0,
      others.allSatisfy({ pad.begin[$0] == 0 && pad.end[$0] == 0 }),
      (pad.begin + pad.end).allSatisfy({ $0 >= 0 })
    else { return nil }
    let begin = axes.map { pad.begin[$0] }
    let end = axes.map { pad.end[$0] }
    switch self {
    case .valid: return .explicit(begin: begin, end: end)
    case .explicit(let b, let e):
      return .explicit(begin: zip(b, begin).map(+), end: zip(e, end).map(+))
    case .sameUpper, .sameLower: return nil
    }
  }
}

extension BatchNorm: ChannelStatisticsOperator {
  public var statisticsAxis: Int { axis }
  public var statisticsOperands: (mean: Int, variance: Int) { (3, 4) }
}

extension BatchNorm: ChannelScaling {
  public func channelScale(_ operands: Operands) -> ChannelScale? {
    guard operands.count > 1, let gamma = operands.constants[1],
      let affine = try? affine(operands)
    else { return nil }
    return ChannelScale(learned: gamma.floats(), total: affine.scale.map { Float($0) })
  }
}

extension Activation: ConstantChannelOperator {
  public func constantChannels(_ operands: Operands) -> ConstantChannelRule? { .computes }
}

extension Elementwise: ConstantChannelOperator {
  public func constantChannels(_ operands: Operands) -> ConstantChannelRule? { .computes }
}

extension BatchNorm: ConstantChannelOperator {
  public func constantChannels(_ operands: Operands) -> ConstantChannelRule? { .computes }
}

extension Pool: ConstantChannelOperator {
  /// A mean that counts padding is smaller at the border.
  public func constantChannels(_ operands: Operands) -> ConstantChannelRule? {
    kind == .averageIncludingPadding ? nil : .passes
  }
}

extension GlobalPool: ConstantChannelOperator {
  public func constantChannels(_ operands: Operands) -> ConstantChannelRule? {
    keepDims ? .passes : .moves
  }
}

extension Flatten: ConstantChannelOperator {
  public func constantChannels(_ operands: Operands) -> ConstantChannelRule? { .moves }
}

extension Concat: ConstantChannelOperator {
  public func constantChannels(_ operands: Operands) -> ConstantChannelRule? { .moves }
}

extension Convolution: ConstantChannelOperator {
  public func constantChannels(_ operands: Operands) -> ConstantChannelRule? {
    guard groups == 1, let x = operands.types[0] else { return nil }
    let pads = geometry.pads(layout.spatialExtents(x))
    return .mixes(readsPadding: pads.map { ($0.begin + $0.end).contains { $0 != 0 } } ?? true)
  }
}

extension Dense: ConstantChannelOperator {
  public func constantChannels(_ operands: Operands) -> ConstantChannelRule? {
    .mixes(readsPadding: false)
  }
}

extension Relayout {
  /// For an operator that is unaware of layouts: kept where an image goes in or comes out.
  static func keepsBelowImages(_ op: any Operator, _ operands: Operands) -> Relayout {
    let results = (try? op.infer(operands)) ?? []
    let touchesImages = (operands.types.compactMap { $0 } + results).contains { $0.rank == 4 }
    return touchesImages ? .keeps : .becomes(op)
  }
}
