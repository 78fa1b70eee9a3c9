import COpenBLAS

/// All eigenvalues of a small symmetric matrix, O(n³).
public enum SymmetricEigenvalues {
  /// The eigenvalues of `a`, ascending; the upper triangle is read.
  public static func values(of a: [Double], order: Int) throws(BLASError) -> [Double] {
    try decompose(a, order: order, job: "N").values
  }

  /// The eigenvalues, ascending, and the unit eigenvectors as the rows of `[order, order]`.
  public static func pairs(
    of a: [Double], order: Int
  ) throws(BLASError) -> (values: [Double], vectors: [Double]) {
    try decompose(a, order: order, job: "V")
  }

  private static func decompose(
    _ a: [Double], order: Int, job: Unicode.Scalar
  ) throws(BLASError) -> (values: [Double], vectors: [Double]) {
    precondition(a.count >= order * order)
    guard order > 0 else { return ([], []) }
    let n = try blasDimension(order)
    let job = CChar(job.value)
    let wantsVectors = job == 86
    let workCount = wantsVectors ? 1 + 6 * order + 2 * order * order : 2 * order + 1
    let integerCount = wantsVectors ? 3 + 5 * order : 1
    let lwork = try blasDimension(workCount)
    var matrix = a
    var values = [Double](repeating: 0, count: order)
    var work = [Double](repeating: 0, count: workCount)
    var integers = [Int32](repeating: 0, count: integerCount)
    Threads.settle()
    let status = ecblas_dsyevd(
      job, n, &matrix, n, &values, &work, lwork, &integers, Int32(integerCount))
    precondition(status >= 0, "LAPACK was called with a bad argument")
    guard status == 0 else { throw BLASError(.eigenvaluesUnconverged(Int(status))) }
    return (values, matrix)
  }
}
