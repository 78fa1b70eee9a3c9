/// Our selection: the most central channel of the residual similarity, taken out, and again.
///
/// Each round follows the principal eigenvector of |G| by five warm-started power steps, keeps the
/// free channel with the largest entry, and projects it out of G. So a kept channel takes with it
/// what it explains of the others, and its duplicates become unimportant. O(k·n²): five passes a
/// round over the part of the upper triangle that no kept channel has emptied. Where G has a low rank
/// (few samples), rounds end when nothing is left to explain; the rest is chosen by diagonal elements.
public enum DeflatedCentrality {
  /// The number of power steps a round.
  static let steps = 5

  /// Chooses `count` of the channels; `similarity` is `[order, order]`, symmetric.
  ///
  /// Up to 1,024 channels the arithmetic is double precision, above single. Above, a round ends
  /// before its fifth step once the further steps can't change its choice.
  /// - Throws: `notFinite` where a diagonal element is not a number.
  public static func select(
    _ similarity: consuming [Double], order: Int, count: Int
  ) throws(CentralityError) -> ChannelSelection {
    try select(similarity, order: order, count: count, precision: nil)
  }

  /// Chooses in a precision of the caller's choice.
  package static func select(
    _ similarity: consuming [Double], order: Int, count: Int,
    precision: SymmetricMatrix.Precision?
  ) throws(CentralityError) -> ChannelSelection {
    let trace = try checkedTrace(similarity, order: order)
    var matrix = SymmetricMatrix(similarity, order: order, precision: precision)
    let scale = trace > 0 ? Double(order) / trace : 1
    matrix.divide(by: 1 / scale)
    let count = min(max(0, count), order)
    // The reference's additive 1e-12 is in the units of the similarity.
    let link = 1e-12 * scale
    switch matrix.precision {
    case .double:
      return deflate(&matrix.doubles, order, count, link: link, stopsEarly: false)
    case .single:
      return deflate(&matrix.floats, order, count, link: link, stopsEarly: true)
    }
  }

  private static func deflate<S: MatrixScalar>(
    _ a: inout [S], _ order: Int, _ count: Int, link: Double, stopsEarly: Bool
  ) -> ChannelSelection {
    a.withUnsafeMutableBufferPointer { a in
      guard let base = a.baseAddress else { return ChannelSelection(order: [], explained: []) }
      var rounds = DeflationRounds<S>(base, order: order, link: link, stopsEarly: stopsEarly)
      while rounds.chosen.count < count && !rounds.isExhausted { rounds.choose() }
      rounds.chooseLargest(count - rounds.chosen.count)
      return ChannelSelection(order: rounds.chosen, explained: rounds.explained)
    }
  }
}

/// The trace of a symmetric matrix whose diagonal must be finite.
func checkedTrace(_ matrix: [Double], order: Int) throws(CentralityError) -> Double {
  guard matrix.count >= order * order else {
    throw CentralityError(.tooFewElements(expected: order * order, found: matrix.count))
  }
  var trace = 0.0
  for channel in 0..<order {
    let own = matrix[channel * order + channel]
    guard own.isFinite else { throw CentralityError(.notFinite(channel: channel)) }
    trace += own
  }
  return trace
}
