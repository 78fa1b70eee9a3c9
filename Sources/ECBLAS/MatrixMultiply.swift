/// Products of row-major matrices and vectors, without copies.
public enum MatrixMultiply {
  /// `c := alpha·op(a)·op(b) + beta·c`, with `op(a)` `[rows, depth]`, `op(b)` `[depth, columns]`.
  ///
  /// A leading dimension is the distance between the rows of a matrix as it is stored, by default
  /// the length of a stored row.
  public static func product<S: BLASScalar>(
    _ a: UnsafeBufferPointer<S>, transposeA: Bool = false, leadingA: Int? = nil,
    _ b: UnsafeBufferPointer<S>, transposeB: Bool = false, leadingB: Int? = nil,
    rows: Int, columns: Int, depth: Int, alpha: S = 1, beta: S = 0,
    into c: UnsafeMutableBufferPointer<S>, leadingC: Int? = nil
  ) throws(BLASError) {
    let (storedRowsA, storedColumnsA) = transposeA ? (depth, rows) : (rows, depth)
    let (storedRowsB, storedColumnsB) = transposeB ? (columns, depth) : (depth, columns)
    let lda = leadingA ?? storedColumnsA
    let ldb = leadingB ?? storedColumnsB
    let ldc = leadingC ?? columns
    precondition(a.count >= extent(rows: storedRowsA, columns: storedColumnsA, leading: lda))
    precondition(b.count >= extent(rows: storedRowsB, columns: storedColumnsB, leading: ldb))
    precondition(c.count >= extent(rows: rows, columns: columns, leading: ldc))
    guard rows > 0, columns > 0, let cBase = c.baseAddress else { return }
    let m = try blasDimension(rows)
    let n = try blasDimension(columns)
    let k = try blasDimension(depth)
    let (la, lb) = (try blasDimension(max(1, lda)), try blasDimension(max(1, ldb)))
    let lc = try blasDimension(ldc)
    var nothing: S = 0
    Threads.settle()
    withUnsafePointer(to: &nothing) { nothing in
      S.gemm(
        transposeA: transposeA, transposeB: transposeB, m, n, k, alpha, a.baseAddress ?? nothing,
        la, b.baseAddress ?? nothing, lb, beta, cBase, lc)
    }
  }

  /// `op(a)·op(b)` as a new `[rows, columns]` array.
  public static func product<S: BLASScalar>(
    _ a: [S], transposeA: Bool = false, _ b: [S], transposeB: Bool = false,
    rows: Int, columns: Int, depth: Int
  ) throws(BLASError) -> [S] {
    var c = [S](repeating: 0, count: rows * columns)
    try a.withUnsafeBufferPointer { (a) throws(BLASError) in
      try b.withUnsafeBufferPointer { (b) throws(BLASError) in
        try c.withUnsafeMutableBufferPointer { (c) throws(BLASError) in
          try product(
            a, transposeA: transposeA, b, transposeB: transposeB, rows: rows, columns: columns,
            depth: depth, into: c)
        }
      }
    }
    return c
  }

  /// `y := alpha·op(a)·x + beta·y`, `a` being stored as `[rows, columns]`.
  public static func vector<S: BLASScalar>(
    _ a: UnsafeBufferPointer<S>, transposed: Bool = false, rows: Int, columns: Int,
    leading: Int? = nil, _ x: UnsafeBufferPointer<S>, alpha: S = 1, beta: S = 0,
    into y: UnsafeMutableBufferPointer<S>
  ) throws(BLASError) {
    let leading = leading ?? columns
    precondition(a.count >= extent(rows: rows, columns: columns, leading: leading))
    precondition(x.count >= (transposed ? rows : columns))
    precondition(y.count >= (transposed ? columns : rows))
    guard rows > 0, columns > 0, let aBase = a.baseAddress, let xBase = x.baseAddress,
      let yBase = y.baseAddress
    else { return }
    Threads.settle()
    S.gemv(
      transposed: transposed, try blasDimension(rows), try blasDimension(columns), alpha, aBase,
      try blasDimension(leading), xBase, beta, yBase)
  }

  /// `op(a)·x` as a new array, `a` being stored as `[rows, columns]`.
  public static func vector<S: BLASScalar>(
    _ a: [S], transposed: Bool = false, rows: Int, columns: Int, _ x: [S]
  ) throws(BLASError) -> [S] {
    var y = [S](repeating: 0, count: transposed ? columns : rows)
    try a.withUnsafeBufferPointer { (a) throws(BLASError) in
      try x.withUnsafeBufferPointer { (x) throws(BLASError) in
        try y.withUnsafeMutableBufferPointer { (y) throws(BLASError) in
          try vector(a, transposed: transposed, rows: rows, columns: columns, x, into: y)
        }
      }
    }
    return y
  }

  /// `y := alpha·a·x + beta·y` for a symmetric `a`, of which the upper triangle is read.
  public static func symmetricVector<S: BLASScalar>(
    _ a: UnsafeBufferPointer<S>, order: Int, leading: Int? = nil, _ x: UnsafeBufferPointer<S>,
    alpha: S = 1, beta: S = 0, into y: UnsafeMutableBufferPointer<S>
  ) throws(BLASError) {
    let leading = leading ?? order
    precondition(a.count >= extent(rows: order, columns: order, leading: leading))
    precondition(x.count >= order && y.count >= order)
    guard order > 0, let aBase = a.baseAddress, let xBase = x.baseAddress,
      let yBase = y.baseAddress
    else { return }
    Threads.settle()
    S.symv(
      try blasDimension(order), alpha, aBase, try blasDimension(leading), xBase, beta, yBase)
  }
}
