/// Systems with a symmetric positive definite matrix, by Cholesky factorisation.
///
/// Matrices are row-major n × n; the upper triangle is read.
public enum LeastSquares {
  /// Solves `a·x = b` for many right sides at once, each a row of `b`, `[count, order]`.
  ///
  /// `a` becomes its Cholesky factor, `b` the solutions; so `b := b·a⁻¹`.
  /// - Throws: `BLASError.Reason.notPositiveDefinite`; `b` is untouched then.
  public static func solve<S: BLASScalar>(
    _ a: UnsafeMutableBufferPointer<S>, order: Int, rightSides b: UnsafeMutableBufferPointer<S>,
    count: Int
  ) throws(BLASError) {
    precondition(a.count >= order * order && b.count >= count * order)
    guard order > 0, count > 0, let aBase = a.baseAddress, let bBase = b.baseAddress else { return }
    let n = try blasDimension(order)
    let sides = try blasDimension(count)
    Threads.settle()
    try check(S.posv(n, sides, aBase, n, bBase, n))
  }

  /// The solutions of `a·x = b` for each row of `b`, `[count, order]`, as a new array.
  public static func solve<S: BLASScalar>(
    _ a: [S], order: Int, rightSides b: [S], count: Int
  ) throws(BLASError) -> [S] {
    var (factor, solutions) = (a, b)
    try factor.withUnsafeMutableBufferPointer { (factor) throws(BLASError) in
      try solutions.withUnsafeMutableBufferPointer { (solutions) throws(BLASError) in
        try solve(factor, order: order, rightSides: solutions, count: count)
      }
    }
    return solutions
  }

  /// Replaces the upper triangle of `a` by the upper factor `u` with `uᵀ·u = a`.
  public static func cholesky<S: BLASScalar>(
    _ a: UnsafeMutableBufferPointer<S>, order: Int
  ) throws(BLASError) {
    precondition(a.count >= order * order)
    guard order > 0, let base = a.baseAddress else { return }
    let n = try blasDimension(order)
    Threads.settle()
    try check(S.potrf(n, base, n))
  }

  /// The upper factor `u` with `uᵀ·u = a`, zeros below the diagonal.
  public static func cholesky<S: BLASScalar>(_ a: [S], order: Int) throws(BLASError) -> [S] {
    var factor = a
    try factor.withUnsafeMutableBufferPointer { (factor) throws(BLASError) in
      try cholesky(factor, order: order)
      for row in 1..<max(1, order) {
        for column in 0..<row { factor[row * order + column] = 0 }
      }
    }
    return factor
  }

  /// Replaces the upper triangle of `a` by that of its inverse.
  public static func invert<S: BLASScalar>(
    _ a: UnsafeMutableBufferPointer<S>, order: Int
  ) throws(BLASError) {
    try cholesky(a, order: order)
    guard order > 0, let base = a.baseAddress else { return }
    let n = try blasDimension(order)
    try check(S.potri(n, base, n))
  }

  /// The inverse of `a`, both triangles.
  public static func inverse<S: BLASScalar>(_ a: [S], order: Int) throws(BLASError) -> [S] {
    var result = a
    try result.withUnsafeMutableBufferPointer { (result) throws(BLASError) in
      try invert(result, order: order)
      SymmetricProduct.mirror(result, order: order)
    }
    return result
  }

  private static func check(_ status: Int32) throws(BLASError) {
    precondition(status >= 0, "LAPACK was called with a bad argument")
    guard status == 0 else { throw BLASError(.notPositiveDefinite(minor: Int(status))) }
  }
}
