public import ECBLAS

/// The label-free repair of a consumer: what removed channels gave it, the kept ones give instead.
///
/// Of the covariance Σ at the consumer's input, with K kept and R removed,
/// `B = Σ_RK (Σ_KK + λ·tr(Σ_KK)/|K|·I)⁻¹`; then `W_K += W_R·B` for each tap, and the bias grows by the
/// sum over taps of `W_R (μ_R - B·μ_K)`.
public struct Merge: Sendable {
  /// The kept channels, ascending.
  public let kept: [Int]
  /// The removed channels, ascending.
  public let removed: [Int]
  /// B, `[removed, kept]`.
  public let coefficients: [Double]
  /// The λ that was used, see `RidgeRegression`.
  public let ridge: Double

  private let count: Int

  /// Fits B from a covariance, `[count, count]` symmetric.
  public init(
    covariance: UnsafeBufferPointer<Double>, count: Int, keeping kept: [Int], ridge: Double = 0.03
  ) throws(CentralityError) {
    guard covariance.count >= count * count else {
      throw CentralityError(.tooFewElements(expected: count * count, found: covariance.count))
    }
    var isKept = [Bool](repeating: false, count: count)
    for channel in kept { isKept[channel] = true }
    let kept = (0..<count).filter { isKept[$0] }
    let removed = (0..<count).filter { !isKept[$0] }
    let fit = try RidgeRegression(
      cross: removed.flatMap { row in kept.map { covariance[row * count + $0] } },
      targets: removed.count,
      covariance: kept.flatMap { row in kept.map { covariance[row * count + $0] } },
      sources: kept.count, ridge: ridge)
    self.count = count
    self.kept = kept
    self.removed = removed
    coefficients = fit.coefficients
    self.ridge = fit.ridge
  }

  /// What stays of the removed channels' means: `μ_R - B·μ_K`, one for each removed channel.
  public func meanRemainder(_ means: [Double]) throws(CentralityError) -> [Double] {
    precondition(means.count == count, "one mean for each channel")
    let predicted = try algebra { () throws(BLASError) in
      try MatrixMultiply.vector(
        coefficients, rows: removed.count, columns: kept.count, kept.map { means[$0] })
    }
    return removed.indices.map { means[removed[$0]] - predicted[$0] }
  }

  /// The consumer's new weights, `[outer, kept, inner]`, from its old ones, `[outer, count, inner]`.
  ///
  /// `o i kh kw` has outer = o, inner = kh·kw; `kh kw i o` outer = kh·kw, inner = o; `[out, in]`
  /// inner = 1; `[in, out]` outer = 1.
  public func weights<S: BLASScalar>(
    _ weights: UnsafeBufferPointer<S>, outer: Int, inner: Int
  ) throws(CentralityError) -> [S] {
    let expected = outer * count * inner
    guard weights.count >= expected else {
      throw CentralityError(.tooFewElements(expected: expected, found: weights.count))
    }
    let cells = outer * inner
    // [removed, outer · inner], so that one product serves every tap.
    var gone: [S] = []
    gone.reserveCapacity(removed.count * cells)
    for channel in removed {
      for line in 0..<outer {
        let start = (line * count + channel) * inner
        gone.append(contentsOf: weights[start..<start + inner])
      }
    }
    let shares = try algebra { () throws(BLASError) in
      try MatrixMultiply.product(
        coefficients.map { S($0) }, transposeA: true, gone, rows: kept.count, columns: cells,
        depth: removed.count)
    }
    var result = [S](repeating: 0, count: outer * kept.count * inner)
    for line in 0..<outer {
      for (position, channel) in kept.enumerated() {
        let old = (line * count + channel) * inner
        let new = (line * kept.count + position) * inner
        let share = position * cells + line * inner
        for i in 0..<inner { result[new + i] = weights[old + i] + shares[share + i] }
      }
    }
    return result
  }

  /// What the bias gains, before the sum over taps: `W_R (μ_R - B·μ_K)` as `[outer, inner]`.
  ///
  /// Sum over the axis that isn't the output's: over kh·kw.
  public func biasTerms<S: BLASScalar>(
    _ weights: UnsafeBufferPointer<S>, outer: Int, inner: Int, means: [Double]
  ) throws(CentralityError) -> [Double] {
    let expected = outer * count * inner
    guard weights.count >= expected else {
      throw CentralityError(.tooFewElements(expected: expected, found: weights.count))
    }
    let remainder = try meanRemainder(means)
    var terms = [Double](repeating: 0, count: outer * inner)
    for line in 0..<outer {
      for (position, channel) in removed.enumerated() {
        let start = (line * count + channel) * inner
        for i in 0..<inner {
          terms[line * inner + i] += Double(weights[start + i]) * remainder[position]
        }
      }
    }
    return terms
  }
}
