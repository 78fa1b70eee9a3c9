public import ECDiagnostics

/// What a linear-algebra routine can't do with the matrices it was given.
public struct BLASError: DiagnosticError, Equatable {
  /// The facts of a fault.
  public enum Reason: Sendable, Equatable {
    /// A dimension that doesn't fit into BLAS's 32-bit integers.
    case dimensionTooLarge(Int)
    /// The leading minor of this order (from 1) isn't positive.
    case notPositiveDefinite(minor: Int)
    /// The eigenvalue iteration left this many values unconverged.
    case eigenvaluesUnconverged(Int)
  }

  /// The fault.
  public let reason: Reason
  public let place: Place

  /// Makes an error, by default without a place: a matrix doesn't know where it came from.
  public init(_ reason: Reason, place: Place = Place()) {
    self.reason = reason
    self.place = place
  }
}
