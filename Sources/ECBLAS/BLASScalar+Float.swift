import COpenBLAS

extension Float: BLASScalar {
  public static func syrk(
    transposed: Bool, _ n: Int32, _ k: Int32, _ alpha: Float, _ a: UnsafePointer<Float>,
    _ lda: Int32, _ beta: Float, _ c: UnsafeMutablePointer<Float>, _ ldc: Int32
  ) {
    cblas_ssyrk(
      CblasRowMajor, CblasUpper, transposed ? CblasTrans : CblasNoTrans, n, k, alpha, a, lda, beta,
      c, ldc)
  }

  public static func gemm(
    transposeA: Bool, transposeB: Bool, _ m: Int32, _ n: Int32, _ k: Int32, _ alpha: Float,
    _ a: UnsafePointer<Float>, _ lda: Int32, _ b: UnsafePointer<Float>, _ ldb: Int32,
    _ beta: Float, _ c: UnsafeMutablePointer<Float>, _ ldc: Int32
  ) {
    cblas_sgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
      m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
  }

  public static func gemv(
    transposed: Bool, _ m: Int32, _ n: Int32, _ alpha: Float, _ a: UnsafePointer<Float>,
    _ lda: Int32, _ x: UnsafePointer<Float>, _ beta: Float, _ y: UnsafeMutablePointer<Float>
  ) {
    cblas_sgemv(
      CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, m, n, alpha, a, lda, x, 1, beta, y, 1)
  }

  public static func symv(
    _ n: Int32, _ alpha: Float, _ a: UnsafePointer<Float>, _ lda: Int32, _ x: UnsafePointer<Float>,
    _ beta: Float, _ y: UnsafeMutablePointer<Float>
  ) {
    cblas_ssymv(CblasRowMajor, CblasUpper, n, alpha, a, lda, x, 1, beta, y, 1)
  }

  public static func syr(
    _ n: Int32, _ alpha: Float, _ x: UnsafePointer<Float>, _ a: UnsafeMutablePointer<Float>,
    _ lda: Int32
  ) {
    cblas_ssyr(CblasRowMajor, CblasUpper, n, alpha, x, 1, a, lda)
  }

  public static func syr2(
    _ n: Int32, _ alpha: Float, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>,
    _ a: UnsafeMutablePointer<Float>, _ lda: Int32
  ) {
    cblas_ssyr2(CblasRowMajor, CblasUpper, n, alpha, x, 1, y, 1, a, lda)
  }

  public static func potrf(_ n: Int32, _ a: UnsafeMutablePointer<Float>, _ lda: Int32) -> Int32 {
    ecblas_spotrf(n, a, lda)
  }

  public static func potri(_ n: Int32, _ a: UnsafeMutablePointer<Float>, _ lda: Int32) -> Int32 {
    ecblas_spotri(n, a, lda)
  }

  public static func posv(
    _ n: Int32, _ count: Int32, _ a: UnsafeMutablePointer<Float>, _ lda: Int32,
    _ b: UnsafeMutablePointer<Float>, _ ldb: Int32
  ) -> Int32 {
    ecblas_sposv(n, count, a, lda, b, ldb)
  }
}
