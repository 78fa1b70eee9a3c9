import ECBLAS
public import ECDiagnostics

/// Why matrices can't be scored.
public struct CentralityError: DiagnosticError, Equatable {
  /// The facts of a fault.
  public enum Reason: Sendable, Equatable {
    /// A threshold below zero, which would let negative weights into the graph.
    case thresholdNegative(Double)
    /// A threshold that is neither a number, nor `mean`, nor `q` with a percentage.
    case thresholdUnreadable(String)
    /// A buffer with fewer elements than its shape says.
    case tooFewElements(expected: Int, found: Int)
    /// The vector of this channel has an infinity or a NaN.
    case notFinite(channel: Int)
    /// Linear algebra failed: a singular matrix or one that is too large.
    case algebra(String)
  }

  /// The fault.
  public let reason: Reason
  public let place: Place

  /// Makes an error, by default without a place: a matrix doesn't know where it came from.
  public init(_ reason: Reason, place: Place = Place()) {
    self.reason = reason
    self.place = place
  }

  /// Wraps an error of the linear algebra below.
  init(_ error: BLASError) { self.init(.algebra(error.what)) }
}

/// Runs linear algebra and turns its errors into this target's.
func algebra<R>(_ body: () throws(BLASError) -> R) throws(CentralityError) -> R {
  do { return try body() } catch { throw CentralityError(error) }
}
