/// The similarity τ above which two channels are joined by an edge.
public enum SimilarityThreshold: Sendable, Equatable {
  /// A fixed value, 0 or more.
  case value(Double)
  /// The mean similarity of all pairs.
  case mean
  /// The similarity that this share of all pairs, 0 to 1, does not exceed; interpolated linearly.
  case quantile(Double)

  /// Reads `0.1`, `mean` or `q90`.
  public init(parsing text: String) throws(CentralityError) {
    if text == "mean" {
      self = .mean
    } else if text.first == "q" {
      guard let percent = Double(text.dropFirst()), (0...100).contains(percent) else {
        throw CentralityError(.thresholdUnreadable(text))
      }
      self = .quantile(percent / 100)
    } else {
      guard let number = Double(text), number.isFinite else {
        throw CentralityError(.thresholdUnreadable(text))
      }
      guard number >= 0 else { throw CentralityError(.thresholdNegative(number)) }
      self = .value(number)
    }
  }
}
