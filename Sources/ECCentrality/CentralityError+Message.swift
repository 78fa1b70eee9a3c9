public import ECDiagnostics

extension CentralityError {
  public var what: String {
    switch reason {
    case .thresholdNegative(let value):
      "the similarity threshold is \(value), expected 0 or more"
    case .thresholdUnreadable(let text):
      "the similarity threshold is '\(text)', expected a number, 'mean' or 'qNN'"
    case .tooFewElements(let expected, let found):
      "the matrix has \(found) elements, expected at least \(expected)"
    case .notFinite(let channel):
      "channel \(channel) has weights or statistics that are not finite"
    case .algebra(let text): text
    }
  }

  public var remedy: String? {
    switch reason {
    case .thresholdNegative: "give a number from 0 to 1, 'mean', or a quantile such as 'q90'"
    case .thresholdUnreadable: "for example 0.1, mean, or q90"
    case .tooFewElements, .notFinite, .algebra: nil
    }
  }

  public var category: FaultCategory {
    switch reason {
    case .thresholdNegative, .thresholdUnreadable: .usage
    case .notFinite, .algebra: .input
    case .tooFewElements: .internal
    }
  }
}

extension CentralityError.Reason {
  /// One of each kind, for the test of the messages.
  package static let samples: [Self] = [
    .thresholdNegative(-0.5), .thresholdUnreadable("q"), .tooFewElements(expected: 12, found: 9),
    .notFinite(channel: 3), .algebra("the matrix is not positive definite (leading minor 2)"),
  ]
}
