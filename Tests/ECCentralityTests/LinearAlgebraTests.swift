import ECBLAS
import Testing

@Suite struct LinearAlgebraTests {
  /// `op(a)·op(b)` by its definition.
  private func product(
    _ a: [Double], _ transposeA: Bool, _ b: [Double], _ transposeB: Bool, _ m: Int, _ n: Int,
    _ k: Int
  ) -> [Double] {
    (0..<m * n).map { index in
      let (i, j) = (index / n, index % n)
      return (0..<k).reduce(0) {
        $0 + a[transposeA ? $1 * m + i : i * k + $1] * b[transposeB ? j * k + $1 : $1 * n + j]
      }
    }
  }

  @Test(arguments: [false, true], [false, true])
  func `products follow their definition`(_ transposeA: Bool, _ transposeB: Bool) throws {
    let (m, n, k) = (4, 5, 3)
    let (a, b) = (weights(seed: 1, m, k), weights(seed: 2, k, n))
    let expected = product(a, transposeA, b, transposeB, m, n, k)
    let doubles = try MatrixMultiply.product(
      a, transposeA: transposeA, b, transposeB: transposeB, rows: m, columns: n, depth: k)
    #expect(distance(doubles, expected) < 1e-14)
    let floats = try MatrixMultiply.product(
      a.map { Float($0) }, transposeA: transposeA, b.map { Float($0) }, transposeB: transposeB,
      rows: m, columns: n, depth: k)
    #expect(distance(floats.map { Double($0) }, expected) < 1e-5)
  }

  @Test func `a product without depth is zero`() throws {
    let c = try MatrixMultiply.product([Double](), [], rows: 2, columns: 2, depth: 0)
    #expect(c == [0, 0, 0, 0])
  }

  @Test func `leading dimensions select a part of a matrix`() throws {
    // The 2 × 2 top left corner of a 3 × 4 matrix.
    let a: [Double] = [1, 2, 9, 9, 3, 4, 9, 9, 9, 9, 9, 9]
    var gram = [Double](repeating: 0, count: 4)
    try a.withUnsafeBufferPointer { a in
      try gram.withUnsafeMutableBufferPointer {
        try SymmetricProduct.ofRows(a, count: 2, dimension: 2, leading: 4, into: $0)
      }
    }
    #expect(gram == [5, 11, 0, 25])
    try a.withUnsafeBufferPointer { a in
      try gram.withUnsafeMutableBufferPointer {
        try SymmetricProduct.ofColumns(a, count: 2, dimension: 2, leading: 4, beta: 1, into: $0)
      }
    }
    #expect(gram == [15, 25, 0, 45])
  }

  @Test func `vectors are multiplied both ways`() throws {
    let a: [Double] = [1, 2, 3, 4, 5, 6]
    #expect(try MatrixMultiply.vector(a, rows: 2, columns: 3, [1, 0, -1]) == [-2, -2])
    #expect(
      try MatrixMultiply.vector(a, transposed: true, rows: 2, columns: 3, [1, -1]) == [-3, -3, -3])
  }

  @Test func `a positive definite system is solved`() throws {
    let n = 7
    var a = try SymmetricProduct.ofRows(weights(seed: 3, n, n), count: n, dimension: n)
    for i in 0..<n { a[i * n + i] += 0.5 }
    let x = weights(seed: 4, 3, n)
    let b = try MatrixMultiply.product(x, a, rows: 3, columns: n, depth: n)
    #expect(distance(try LeastSquares.solve(a, order: n, rightSides: b, count: 3), x) < 1e-12)
    let inverse = try LeastSquares.inverse(a, order: n)
    let identity = (0..<n * n).map { $0 / n == $0 % n ? 1.0 : 0 }
    let product = try MatrixMultiply.product(a, inverse, rows: n, columns: n, depth: n)
    #expect(distance(product, identity) < 1e-12)
    let u = try LeastSquares.cholesky(a, order: n)
    #expect(u[n] == 0)
    #expect(distance(try SymmetricProduct.ofColumns(u, count: n, dimension: n), a) < 1e-13)
    let narrow = try LeastSquares.solve(
      a.map { Float($0) }, order: n, rightSides: b.map { Float($0) }, count: 3)
    #expect(distance(narrow.map { Double($0) }, x) < 1e-4)
  }

  @Test func `an indefinite matrix is refused`() {
    #expect(throws: BLASError(.notPositiveDefinite(minor: 2))) {
      try LeastSquares.cholesky([1.0, 2, 2, 1], order: 2)
    }
  }

  @Test func `the number of threads is one and comes back`() {
    #expect(Threads.count == 1)
    Threads.withCount(2) { #expect(Threads.count == 2) }
    #expect(Threads.count == 1)
  }

  @Test func `eigenvalues are ascending with their vectors`() throws {
    let (values, vectors) = try SymmetricEigenvalues.pairs(of: [2, 1, 1, 2], order: 2)
    #expect(distance(values, [1, 3]) < 1e-14)
    #expect(abs(abs(vectors[2]) - 0.5.squareRoot()) < 1e-14)
    #expect(abs(vectors[2] - vectors[3]) < 1e-14)
  }
}
