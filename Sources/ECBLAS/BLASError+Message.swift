public import ECDiagnostics

extension BLASError {
  public var what: String {
    switch reason {
    case .dimensionTooLarge(let size):
      "a matrix dimension is \(size), the largest that BLAS takes is \(Int32.max)"
    case .notPositiveDefinite(let minor):
      "the matrix is not positive definite (leading minor \(minor))"
    case .eigenvaluesUnconverged(let count):
      "\(count) eigenvalues did not converge"
    }
  }

  public var remedy: String? {
    switch reason {
    case .dimensionTooLarge, .eigenvaluesUnconverged: nil
    case .notPositiveDefinite: "use a larger ridge"
    }
  }

  public var category: FaultCategory {
    switch reason {
    case .dimensionTooLarge, .notPositiveDefinite: .input
    case .eigenvaluesUnconverged: .internal
    }
  }
}

extension BLASError.Reason {
  /// One of each kind, for the test of the messages.
  package static let samples: [Self] = [
    .dimensionTooLarge(1 << 31), .notPositiveDefinite(minor: 3), .eigenvaluesUnconverged(2),
  ]
}
