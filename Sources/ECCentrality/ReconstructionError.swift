public import ECBLAS

/// How far a consumer is from what it gave before pruning: the squared error of its results, before
/// their activation, relative to their variance.
///
/// From means and covariances alone, each tap of a window on its own: exact for dense layers and 1×1
/// convolutions, an estimate for larger windows.
public struct ReconstructionError: Sendable, Equatable {
  /// The error where removed channels give nothing.
  public let before: Double
  /// The error with the new weights and bias.
  public let after: Double

  /// Joins the two.
  public init(before: Double, after: Double) {
    self.before = before
    self.after = after
  }
}

extension Merge {
  /// The multiply-adds that an error may take, and the least rows of weights it is taken on.
  private static let errorWork = 1 << 24
  private static let leastRows = 32

  /// The error of a consumer; `nil` where its results don't vary.
  ///
  /// `weights` are `[outer, count, inner]` as for `weights(_:outer:inner:)`, of which `cells` of the
  /// inner ones count; `covariance` and `means` are those of the fit; `fills`, by channel, is what the bias has taken over of removed channels
  /// where nothing else is mended. In wide layers it is taken on some of the outputs and taps, spread
  /// evenly.
  public func error<S: BLASScalar>(
    of weights: UnsafeBufferPointer<S>, outer: Int, inner: Int, cells: [Int],
    covariance: UnsafeBufferPointer<Double>, means: [Double], fills: [Double] = []
  ) throws(CentralityError) -> ReconstructionError? {
    let order = means.count
    let most = max(Merge.leastRows, Merge.errorWork / max(1, order * order))
    let rows = Merge.spread(outer * cells.count, most: most)
    let whole = rows.flatMap { row in
      let (line, cell) = (row / cells.count, cells[row % cells.count])
      return (0..<count).map { Double(weights[(line * count + $0) * inner + cell]) }
    }
    let now = try replaced(whole, rows.count)
    // What is lost, as a row over the variables of the statistics.
    var lost = [Double](repeating: 0, count: rows.count * order)
    var missing = lost
    var given = lost
    for row in rows.indices {
      for channel in 0..<count {
        let weight = whole[row * count + channel]
        given[row * order + channel] = weight
        lost[row * order + channel] = weight
        missing[row * order + channel] = weight
      }
      for (place, source) in sources.enumerated() {
        lost[row * order + source] -= whole[row * count + kept[place]]
        missing[row * order + source] -= now[row * kept.count + place]
      }
    }
    let variance = try energy(given, rows.count, order, covariance)
    guard variance > 0 else { return nil }
    let spread = try energy(lost, rows.count, order, covariance)
    /// The squared difference of the means, less what is taken over.
    func shift(_ taken: [Double]) -> Double {
      rows.indices.reduce(0) { sum, row in
        let shift = (0..<order).reduce(0) { own, k in
          own + lost[row * order + k] * (means[k] - (k < taken.count ? taken[k] : 0))
        }
        return sum + shift * shift
      }
    }
    let before = spread + shift([])
    let after =
      targets.isEmpty ? spread + shift(fills) : try energy(missing, rows.count, order, covariance)
    return ReconstructionError(before: max(0, before) / variance, after: max(0, after) / variance)
  }

  /// `W_K + W·Δ` of rows of weights.
  private func replaced(_ whole: [Double], _ rows: Int) throws(CentralityError) -> [Double] {
    var now = (0..<rows).flatMap { row in kept.map { whole[row * count + $0] } }
    let changed = (0..<rows).flatMap { row in targets.map { whole[row * count + $0] } }
    let shares = try algebra { () throws(BLASError) in
      try MatrixMultiply.product(
        changed, coefficients, rows: rows, columns: kept.count, depth: targets.count)
    }
    for k in now.indices { now[k] += shares[k] }
    return now
  }

  /// `tr(E Σ Eᵀ)` of `[rows, order]` numbers.
  private func energy(
    _ lines: [Double], _ rows: Int, _ order: Int, _ covariance: UnsafeBufferPointer<Double>
  ) throws(CentralityError) -> Double {
    var product = [Double](repeating: 0, count: lines.count)
    try algebra { () throws(BLASError) in
      try lines.withUnsafeBufferPointer { (lines) throws(BLASError) in
        try product.withUnsafeMutableBufferPointer { (product) throws(BLASError) in
          try MatrixMultiply.product(
            lines, covariance, rows: rows, columns: order, depth: order, into: product)
        }
      }
    }
    return zip(lines, product).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// At most `most` of the numbers below `count`, spread without a period.
  private static func spread(_ count: Int, most: Int) -> [Int] {
    guard count > most else { return Array(0..<count) }
    return (0..<most).map { k in
      let place = Double(k) * 0.618_033_988_749_894_9
      return min(count - 1, Int((place - place.rounded(.down)) * Double(count)))
    }
  }
}
