import ECBLAS

/// How alike the channels of a group are in what they do to the layers behind it.
///
/// `G = Σ_c D_c Σ_c D_c / trace(·)` over the consumers c of the group: Σ_c is the covariance of the
/// channels at the consumer's input, D_c the diagonal of its weight norms per channel. Input of
/// `DeflatedCentrality` and `ColumnSelection`.
public struct FunctionalSimilarity: Sendable {
  /// The number of channels n.
  public let count: Int
  /// The sum so far, `[count, count]`, both triangles.
  public private(set) var matrix: [Double]

  /// Starts with no consumer.
  public init(count: Int) {
    self.count = count
    matrix = [Double](repeating: 0, count: count * count)
  }

  /// Adds a consumer; `covariance` is `[count, count]` symmetric.
  ///
  /// `weightNorms` are the L2 norms of the consumer's weights per input channel (over outputs and
  /// taps), all 1 where nil: the features of a new classifier. A consumer whose trace is zero says
  /// nothing and is skipped.
  /// - Throws: `notFinite` where a channel's variance or norm is not a number.
  public mutating func add(
    covariance: UnsafeBufferPointer<Double>, weightNorms: [Double]? = nil
  ) throws(CentralityError) {
    guard covariance.count >= count * count else {
      throw CentralityError(.tooFewElements(expected: count * count, found: covariance.count))
    }
    let norms = weightNorms ?? [Double](repeating: 1, count: count)
    precondition(norms.count == count, "one norm for each channel")
    var trace = 0.0
    for channel in 0..<count {
      let own = covariance[channel * count + channel] * norms[channel] * norms[channel]
      guard own.isFinite else { throw CentralityError(.notFinite(channel: channel)) }
      trace += own
    }
    guard trace > 0 else { return }
    matrix.withUnsafeMutableBufferPointer { matrix in
      norms.withUnsafeBufferPointer { norms in
        for row in 0..<count {
          let factor = norms[row] / trace
          for index in 0..<count {
            matrix[row * count + index] += covariance[row * count + index] * factor * norms[index]
          }
        }
      }
    }
  }
}
