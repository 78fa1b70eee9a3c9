import COpenBLAS

extension Double: BLASScalar {
  public static func syrk(
    transposed: Bool, _ n: Int32, _ k: Int32, _ alpha: Double, _ a: UnsafePointer<Double>,
    _ lda: Int32, _ beta: Double, _ c: UnsafeMutablePointer<Double>, _ ldc: Int32
  ) {
    cblas_dsyrk(
      CblasRowMajor, CblasUpper, transposed ? CblasTrans : CblasNoTrans, n, k, alpha, a, lda, beta,
      c, ldc)
  }

  public static func gemm(
    transposeA: Bool, transposeB: Bool, _ m: Int32, _ n: Int32, _ k: Int32, _ alpha: Double,
    _ a: UnsafePointer<Double>, _ lda: Int32, _ b: UnsafePointer<Double>, _ ldb: Int32,
    _ beta: Double, _ c: UnsafeMutablePointer<Double>, _ ldc: Int32
  ) {
    cblas_dgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
      m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
  }

  public static func gemv(
    transposed: Bool, _ m: Int32, _ n: Int32, _ alpha: Double, _ a: UnsafePointer<Double>,
    _ lda: Int32, _ x: UnsafePointer<Double>, _ beta: Double, _ y: UnsafeMutablePointer<Double>
  ) {
    cblas_dgemv(
      CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, m, n, alpha, a, lda, x, 1, beta, y, 1)
  }

  public static func symv(
    _ n: Int32, _ alpha: Double, _ a: UnsafePointer<Double>, _ lda: Int32,
    _ x: UnsafePointer<Double>,
    _ beta: Double, _ y: UnsafeMutablePointer<Double>
  ) {
    cblas_dsymv(CblasRowMajor, CblasUpper, n, alpha, a, lda, x, 1, beta, y, 1)
  }

  public static func syr(
    _ n: Int32, _ alpha: Double, _ x: UnsafePointer<Double>, _ a: UnsafeMutablePointer<Double>,
    _ lda: Int32
  ) {
    cblas_dsyr(CblasRowMajor, CblasUpper, n, alpha, x, 1, a, lda)
  }

  public static func syr2(
    _ n: Int32, _ alpha: Double, _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>,
    _ a: UnsafeMutablePointer<Double>, _ lda: Int32
  ) {
    cblas_dsyr2(CblasRowMajor, CblasUpper, n, alpha, x, 1, y, 1, a, lda)
  }

  public static func potrf(_ n: Int32, _ a: UnsafeMutablePointer<Double>, _ lda: Int32) -> Int32 {
    ecblas_dpotrf(n, a, lda)
  }

  public static func potri(_ n: Int32, _ a: UnsafeMutablePointer<Double>, _ lda: Int32) -> Int32 {
    ecblas_dpotri(n, a, lda)
  }

  public static func posv(
    _ n: Int32, _ count: Int32, _ a: UnsafeMutablePointer<Double>, _ lda: Int32,
    _ b: UnsafeMutablePointer<Double>, _ ldb: Int32
  ) -> Int32 {
    ecblas_dposv(n, count, a, lda, b, ldb)
  }
}
