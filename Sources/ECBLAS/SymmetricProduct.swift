/// Products of a matrix with its own transpose, and updates of symmetric matrices.
///
/// Symmetric matrices are row-major n × n; only the upper triangle is written and read, until
/// `mirror` copies it below the diagonal. Nothing is copied.
public enum SymmetricProduct {
  /// The Gram matrix of rows: `c := alpha·a·aᵀ + beta·c`, `a` being `[count, dimension]`.
  ///
  /// `leading` is the distance between rows, by default `dimension`.
  public static func ofRows<S: BLASScalar>(
    _ a: UnsafeBufferPointer<S>, count: Int, dimension: Int, leading: Int? = nil, alpha: S = 1,
    beta: S = 0, into c: UnsafeMutableBufferPointer<S>
  ) throws(BLASError) {
    let leading = leading ?? dimension
    precondition(a.count >= extent(rows: count, columns: dimension, leading: leading))
    try product(a, false, count, dimension, leading, alpha, beta, c)
  }

  /// The Gram matrix of columns: `c := alpha·aᵀ·a + beta·c`, `a` being `[dimension, count]`.
  ///
  /// `leading` is the distance between rows, by default `count`.
  public static func ofColumns<S: BLASScalar>(
    _ a: UnsafeBufferPointer<S>, count: Int, dimension: Int, leading: Int? = nil, alpha: S = 1,
    beta: S = 0, into c: UnsafeMutableBufferPointer<S>
  ) throws(BLASError) {
    let leading = leading ?? count
    precondition(a.count >= extent(rows: dimension, columns: count, leading: leading))
    try product(a, true, count, dimension, leading, alpha, beta, c)
  }

  /// The whole Gram matrix of the rows of `a`, `[count, dimension]`, both triangles.
  public static func ofRows<S: BLASScalar>(
    _ a: [S], count: Int, dimension: Int
  ) throws(BLASError) -> [S] {
    var c = [S](repeating: 0, count: count * count)
    try a.withUnsafeBufferPointer { (a) throws(BLASError) in
      try c.withUnsafeMutableBufferPointer { (c) throws(BLASError) in
        try ofRows(a, count: count, dimension: dimension, into: c)
        mirror(c, order: count)
      }
    }
    return c
  }

  /// The whole Gram matrix of the columns of `a`, `[dimension, count]`, both triangles.
  public static func ofColumns<S: BLASScalar>(
    _ a: [S], count: Int, dimension: Int
  ) throws(BLASError) -> [S] {
    var c = [S](repeating: 0, count: count * count)
    try a.withUnsafeBufferPointer { (a) throws(BLASError) in
      try c.withUnsafeMutableBufferPointer { (c) throws(BLASError) in
        try ofColumns(a, count: count, dimension: dimension, into: c)
        mirror(c, order: count)
      }
    }
    return c
  }

  /// A rank-one update: `c := c + alpha·x·xᵀ`.
  public static func update<S: BLASScalar>(
    _ c: UnsafeMutableBufferPointer<S>, order: Int, leading: Int? = nil, by alpha: S,
    _ x: UnsafeBufferPointer<S>
  ) throws(BLASError) {
    guard order > 0, let cBase = c.baseAddress, let xBase = x.baseAddress else { return }
    let leading = leading ?? order
    precondition(x.count >= order)
    precondition(c.count >= extent(rows: order, columns: order, leading: leading))
    Threads.settle()
    S.syr(try blasDimension(order), alpha, xBase, cBase, try blasDimension(leading))
  }

  /// A rank-two update: `c := c + alpha·(x·yᵀ + y·xᵀ)`.
  public static func update<S: BLASScalar>(
    _ c: UnsafeMutableBufferPointer<S>, order: Int, leading: Int? = nil, by alpha: S,
    _ x: UnsafeBufferPointer<S>, _ y: UnsafeBufferPointer<S>
  ) throws(BLASError) {
    guard order > 0, let cBase = c.baseAddress, let xBase = x.baseAddress,
      let yBase = y.baseAddress
    else { return }
    let leading = leading ?? order
    precondition(x.count >= order && y.count >= order)
    precondition(c.count >= extent(rows: order, columns: order, leading: leading))
    Threads.settle()
    S.syr2(try blasDimension(order), alpha, xBase, yBase, cBase, try blasDimension(leading))
  }

  /// Copies the upper triangle below the diagonal.
  public static func mirror<S: BLASScalar>(_ c: UnsafeMutableBufferPointer<S>, order: Int) {
    precondition(c.count >= order * order)
    let block = 32
    for top in stride(from: 0, to: order, by: block) {
      for left in stride(from: top, to: order, by: block) {
        for row in top..<min(top + block, order) {
          for column in max(left, row + 1)..<max(row + 1, min(left + block, order)) {
            c[column * order + row] = c[row * order + column]
          }
        }
      }
    }
  }

  private static func product<S: BLASScalar>(
    _ a: UnsafeBufferPointer<S>, _ transposed: Bool, _ count: Int, _ dimension: Int,
    _ leading: Int, _ alpha: S, _ beta: S, _ c: UnsafeMutableBufferPointer<S>
  ) throws(BLASError) {
    precondition(c.count >= count * count)
    guard count > 0, let cBase = c.baseAddress else { return }
    var nothing: S = 0
    let n = try blasDimension(count)
    let k = try blasDimension(dimension)
    let lda = try blasDimension(max(1, leading))
    Threads.settle()
    withUnsafePointer(to: &nothing) { nothing in
      S.syrk(transposed: transposed, n, k, alpha, a.baseAddress ?? nothing, lda, beta, cBase, n)
    }
  }
}
