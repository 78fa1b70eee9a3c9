public import ECGraph

/// What an operator needs in order to compute with elements of half precision.
public enum HalfPrecisionNeed: Sendable, Equatable {
  /// It moves elements, so it takes the precision that they have.
  case moves
  /// Operands and results must fit the range.
  case range
  /// It adds up so many elements that their sum must fit the range too.
  case sum(of: Int)
}

/// An operator that half precision suits; all others keep float32: those that take exponentials,
/// quotients of sums or variances lose too much, or leave the range within.
public protocol HalfPrecisionOperator: Operator {
  /// What it needs, or `nil` where this form of it must keep float32.
  func halfPrecisionNeed(_ operands: Operands) -> HalfPrecisionNeed?
}

/// An operator that only moves elements.
protocol MovingOperator: HalfPrecisionOperator {}

extension MovingOperator {
  public func halfPrecisionNeed(_ operands: Operands) -> HalfPrecisionNeed? { .moves }
}

extension BatchExpand: MovingOperator {}
extension BatchReshape: MovingOperator {}
extension BlockRearrangement: MovingOperator {}
extension Concat: MovingOperator {}
extension Expand: MovingOperator {}
extension Flatten: MovingOperator {}
extension Gather: MovingOperator {}
extension Reshape: MovingOperator {}
extension Slice: MovingOperator {}
extension Split: MovingOperator {}
extension Squeeze: MovingOperator {}
extension Tile: MovingOperator {}
extension Transpose: MovingOperator {}

/// An operator that accumulates in float32 wherever it runs fast; only its result is rounded.
protocol ContractingOperator: HalfPrecisionOperator {}

extension ContractingOperator {
  public func halfPrecisionNeed(_ operands: Operands) -> HalfPrecisionNeed? { .range }
}

extension Convolution: ContractingOperator {}
extension DepthwiseConvolution: ContractingOperator {}
extension TransposedConvolution: ContractingOperator {}
extension Dense: ContractingOperator {}
extension LeftDense: ContractingOperator {}
extension MatrixProduct: ContractingOperator {}

extension Pad: HalfPrecisionOperator {
  public func halfPrecisionNeed(_ operands: Operands) -> HalfPrecisionNeed? {
    value.magnitude <= 65504 || value.isInfinite ? .range : nil
  }
}

extension Pool: HalfPrecisionOperator {
  public func halfPrecisionNeed(_ operands: Operands) -> HalfPrecisionNeed? {
    kind == .maximum ? .range : .sum(of: geometry.size.reduce(1, *))
  }
}

extension GlobalPool: HalfPrecisionOperator {
  public func halfPrecisionNeed(_ operands: Operands) -> HalfPrecisionNeed? {
    guard !isMaximum else { return .range }
    guard let x = operands.types[0] else { return nil }
    let extents = layout.spatialExtents(x).compactMap { $0 }
    return extents.count == spatialRank ? .sum(of: extents.reduce(1, *)) : nil
  }
}

extension Reduce: HalfPrecisionOperator {
  public func halfPrecisionNeed(_ operands: Operands) -> HalfPrecisionNeed? {
    switch kind {
    case .maximum, .minimum: return .range
    case .mean, .sum, .l1:
      guard let x = operands.types[0] else { return nil }
      let extents = reducedAxes.compactMap { x.shape[$0].value }
      return extents.count == reducedAxes.count ? .sum(of: extents.reduce(1, *)) : nil
    default: return nil
    }
  }
}

extension Resize: HalfPrecisionOperator {
  public func halfPrecisionNeed(_ operands: Operands) -> HalfPrecisionNeed? { .range }
}

extension PRelu: HalfPrecisionOperator {
  public func halfPrecisionNeed(_ operands: Operands) -> HalfPrecisionNeed? { .range }
}

extension BatchNorm: HalfPrecisionOperator {
  /// Small variances would become zero, and the normalization infinite.
  public func halfPrecisionNeed(_ operands: Operands) -> HalfPrecisionNeed? {
    guard operands.count > 4, let variance = operands.constants[4] else { return nil }
    return variance.floats().allSatisfy { $0 >= Float(Float16.leastNormalMagnitude) } ? .range : nil
  }
}

extension Elementwise: HalfPrecisionOperator {
  public func halfPrecisionNeed(_ operands: Operands) -> HalfPrecisionNeed? {
    kind == .power ? nil : .range
  }
}

extension Activation: HalfPrecisionOperator {
  public func halfPrecisionNeed(_ operands: Operands) -> HalfPrecisionNeed? {
    switch kind {
    // Celu is defined on float32 alone.
    case .exp, .log, .sqrt, .reciprocal, .sin, .cos, .celu: nil
    default: .range
    }
  }
}
