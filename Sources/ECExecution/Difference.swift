public import ECTensor

/// How far a result is from a reference.
public struct Difference: Sendable, Equatable {
  /// The largest absolute difference; infinite where only one is a number, or shapes differ.
  public let absolute: Double
  /// The largest magnitude of the reference.
  public let magnitude: Double

  /// The absolute difference as a share of the largest magnitude.
  public var relative: Double { absolute == 0 ? 0 : absolute / max(magnitude, 1e-30) }

  /// Compares a result with a reference, element by element.
  public init(_ result: Tensor, reference: Tensor) {
    guard result.shape == reference.shape else {
      (absolute, magnitude) = (.infinity, 0)
      return
    }
    var worst = 0.0
    var largest = 0.0
    for (a, b) in zip(result.floats(), reference.floats()) {
      if b.isFinite { largest = max(largest, Double(b.magnitude)) }
      if a == b || (a.isNaN && b.isNaN) { continue }
      let difference = Double(a) - Double(b)
      worst = difference.isFinite ? max(worst, difference.magnitude) : .infinity
    }
    (absolute, magnitude) = (worst, largest)
  }

  /// Whether the difference is within either tolerance.
  public func passes(relative rtol: Double, absolute atol: Double) -> Bool {
    absolute <= max(atol, rtol * magnitude)
  }
}
