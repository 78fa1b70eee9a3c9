import ECBLAS

/// Linear maps that predict some channels from others, by regularised least squares.
public struct RidgeRegression: Sendable, Equatable {
  /// The map, `[targets, sources]`.
  public let coefficients: [Double]
  /// The λ that was used: the one asked for, or a larger one where the covariance was singular.
  public let ridge: Double

  /// Fits `coefficients = cross · (covariance + λ·tr/sources·I)⁻¹`.
  ///
  /// `cross` is `[targets, sources]`, `covariance` `[sources, sources]` symmetric. λ grows tenfold,
  /// from 1e-12 at least, until the matrix is positive definite; without any variance the
  /// coefficients are zero. O(sources²·(sources/3 + 2·targets)).
  /// - Throws: `notFinite`, or `algebra` where no λ up to 1 helps.
  public init(
    cross: [Double], targets: Int, covariance: [Double], sources: Int, ridge: Double
  ) throws(CentralityError) {
    let trace = try checkedTrace(covariance, order: sources)
    guard cross.count >= targets * sources else {
      throw CentralityError(.tooFewElements(expected: targets * sources, found: cross.count))
    }
    guard trace > 0, targets > 0 else {
      coefficients = [Double](repeating: 0, count: targets * sources)
      self.ridge = ridge
      return
    }
    var used = max(0, ridge)
    while true {
      var matrix = covariance
      for i in 0..<sources { matrix[i * sources + i] += used * trace / Double(sources) }
      do throws(BLASError) {
        coefficients = try LeastSquares.solve(
          matrix, order: sources, rightSides: cross, count: targets)
        self.ridge = used
        return
      } catch {
        guard case .notPositiveDefinite = error.reason, used < 1 else {
          throw CentralityError(error)
        }
        used = max(used * 10, 1e-12)
      }
    }
  }
}
