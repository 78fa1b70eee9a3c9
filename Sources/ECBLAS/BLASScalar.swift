/// A number type that BLAS computes with: `Float` or `Double`.
///
/// The requirements are the raw routines, row-major, upper triangles; call them through
/// `SymmetricProduct`, `MatrixMultiply` and `LeastSquares`, which check dimensions.
public protocol BLASScalar: BinaryFloatingPoint, Sendable {
  /// `c := alpha·a·aᵀ + beta·c`, or `aᵀ·a` where transposed.
  static func syrk(
    transposed: Bool, _ n: Int32, _ k: Int32, _ alpha: Self, _ a: UnsafePointer<Self>,
    _ lda: Int32, _ beta: Self, _ c: UnsafeMutablePointer<Self>, _ ldc: Int32)
  /// `c := alpha·op(a)·op(b) + beta·c`.
  static func gemm(
    transposeA: Bool, transposeB: Bool, _ m: Int32, _ n: Int32, _ k: Int32, _ alpha: Self,
    _ a: UnsafePointer<Self>, _ lda: Int32, _ b: UnsafePointer<Self>, _ ldb: Int32,
    _ beta: Self, _ c: UnsafeMutablePointer<Self>, _ ldc: Int32)
  /// `y := alpha·op(a)·x + beta·y`, `a` being m × n before `op`.
  static func gemv(
    transposed: Bool, _ m: Int32, _ n: Int32, _ alpha: Self, _ a: UnsafePointer<Self>,
    _ lda: Int32, _ x: UnsafePointer<Self>, _ beta: Self, _ y: UnsafeMutablePointer<Self>)
  /// `y := alpha·a·x + beta·y`, `a` symmetric.
  static func symv(
    _ n: Int32, _ alpha: Self, _ a: UnsafePointer<Self>, _ lda: Int32, _ x: UnsafePointer<Self>,
    _ beta: Self, _ y: UnsafeMutablePointer<Self>)
  /// `a := alpha·x·xᵀ + a`.
  static func syr(
    _ n: Int32, _ alpha: Self, _ x: UnsafePointer<Self>, _ a: UnsafeMutablePointer<Self>,
    _ lda: Int32)
  /// `a := alpha·(x·yᵀ + y·xᵀ) + a`.
  static func syr2(
    _ n: Int32, _ alpha: Self, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>,
    _ a: UnsafeMutablePointer<Self>, _ lda: Int32)
  /// The Cholesky factor in place; 0 or the order of the first bad minor.
  static func potrf(_ n: Int32, _ a: UnsafeMutablePointer<Self>, _ lda: Int32) -> Int32
  /// The inverse from the Cholesky factor, in place.
  static func potri(_ n: Int32, _ a: UnsafeMutablePointer<Self>, _ lda: Int32) -> Int32
  /// Solves `a·x = b` for each of `count` right sides, each contiguous in `b`, in place.
  static func posv(
    _ n: Int32, _ count: Int32, _ a: UnsafeMutablePointer<Self>, _ lda: Int32,
    _ b: UnsafeMutablePointer<Self>, _ ldb: Int32
  ) -> Int32
}

/// A dimension as BLAS takes it.
func blasDimension(_ size: Int) throws(BLASError) -> Int32 {
  precondition(size >= 0, "a matrix dimension is negative")
  guard let narrow = Int32(exactly: size) else { throw BLASError(.dimensionTooLarge(size)) }
  return narrow
}

/// How many elements `rows` rows of `columns` occupy at this leading dimension.
func extent(rows: Int, columns: Int, leading: Int) -> Int {
  precondition(leading >= columns, "the leading dimension is smaller than a row")
  return rows == 0 || columns == 0 ? 0 : (rows - 1) * leading + columns
}
