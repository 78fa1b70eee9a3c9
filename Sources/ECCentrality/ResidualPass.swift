/// One pass over the upper triangle of a residual similarity, which is what the selections cost.
///
/// It takes out a chosen channel (`a := a - scaled·columnᵀ`, where asked) and multiplies the
/// magnitudes, or the squares, of the new elements with a vector, all while an element is in a
/// register. Four rows at a time.
struct ResidualPass<S: MatrixScalar> {
  /// The upper triangle, row-major.
  let a: UnsafeMutablePointer<S>
  /// The distance between rows.
  let leading: Int
  /// The number of rows in use.
  let order: Int

  /// `y := |a|·x`.
  func multiply(_ x: UnsafePointer<S>, into y: UnsafeMutablePointer<S>) {
    run(x, y, column: x, scaled: x, updates: false, squares: false)
  }

  /// `a := a - scaled·columnᵀ`, then `y := |a|·x`.
  func update(
    column: UnsafePointer<S>, scaled: UnsafePointer<S>, thenMultiply x: UnsafePointer<S>,
    into y: UnsafeMutablePointer<S>
  ) {
    run(x, y, column: column, scaled: scaled, updates: true, squares: false)
  }

  /// `a := a - scaled·columnᵀ`, then `y := a²·x`, squared element by element.
  func update(
    column: UnsafePointer<S>, scaled: UnsafePointer<S>, thenMultiplySquares x: UnsafePointer<S>,
    into y: UnsafeMutablePointer<S>
  ) {
    run(x, y, column: column, scaled: scaled, updates: true, squares: true)
  }

  @inline(__always)
  private func run(
    _ x: UnsafePointer<S>, _ y: UnsafeMutablePointer<S>, column c: UnsafePointer<S>,
    scaled: UnsafePointer<S>, updates: Bool, squares: Bool
  ) {
    y.update(repeating: 0, count: order)
    var row = 0
    while row < order {
      let strip = min(4, order - row)
      for i in row..<row + strip {
        let right = strip == 4 ? row + 4 : order
        let line = a + i * leading
        if updates { line[i] -= scaled[i] * c[i] }
        y[i] += (squares ? line[i] * line[i] : line[i].magnitude) * x[i]
        for j in i + 1..<max(i + 1, right) {
          if updates { line[j] -= scaled[i] * c[j] }
          let size = squares ? line[j] * line[j] : line[j].magnitude
          y[i] += size * x[j]
          y[j] += size * x[i]
        }
      }
      if strip == 4 {
        runStrip(row, x, y, column: c, scaled: scaled, updates: updates, squares: squares)
      }
      row += strip
    }
  }

  /// Rows `row..<row + 4`, right of their diagonal block.
  @inline(__always)
  private func runStrip(
    _ row: Int, _ x: UnsafePointer<S>, _ y: UnsafeMutablePointer<S>, column c: UnsafePointer<S>,
    scaled: UnsafePointer<S>, updates: Bool, squares: Bool
  ) {
    let r0 = a + row * leading
    let (r1, r2, r3) = (r0 + leading, r0 + 2 * leading, r0 + 3 * leading)
    let (x0, x1) = (S.lanes(all: x[row]), S.lanes(all: x[row + 1]))
    let (x2, x3) = (S.lanes(all: x[row + 2]), S.lanes(all: x[row + 3]))
    let (c0, c1) = (S.lanes(all: scaled[row]), S.lanes(all: scaled[row + 1]))
    let (c2, c3) = (S.lanes(all: scaled[row + 2]), S.lanes(all: scaled[row + 3]))
    var (s0, s1, s2, s3) = (S.zeros, S.zeros, S.zeros, S.zeros)
    var j = row + 4
    while j + S.laneCount <= order {
      var (a0, a1) = (S.load(r0 + j), S.load(r1 + j))
      var (a2, a3) = (S.load(r2 + j), S.load(r3 + j))
      if updates {
        let cs = S.load(c + j)
        a0 = S.difference(a0, S.product(c0, cs))
        a1 = S.difference(a1, S.product(c1, cs))
        a2 = S.difference(a2, S.product(c2, cs))
        a3 = S.difference(a3, S.product(c3, cs))
        S.store(a0, r0 + j)
        S.store(a1, r1 + j)
        S.store(a2, r2 + j)
        S.store(a3, r3 + j)
      }
      let (m0, m1) = (size(a0, squares), size(a1, squares))
      let (m2, m3) = (size(a2, squares), size(a3, squares))
      let xs = S.load(x + j)
      s0 = S.sum(s0, S.product(m0, xs))
      s1 = S.sum(s1, S.product(m1, xs))
      s2 = S.sum(s2, S.product(m2, xs))
      s3 = S.sum(s3, S.product(m3, xs))
      let left = S.sum(S.product(m0, x0), S.product(m1, x1))
      let right = S.sum(S.product(m2, x2), S.product(m3, x3))
      S.store(S.sum(S.load(y + j), S.sum(left, right)), y + j)
      j += S.laneCount
    }
    y[row] += S.total(s0)
    y[row + 1] += S.total(s1)
    y[row + 2] += S.total(s2)
    y[row + 3] += S.total(s3)
    while j < order {
      for i in row..<row + 4 {
        let element = a + i * leading + j
        if updates { element.pointee -= scaled[i] * c[j] }
        let size = squares ? element.pointee * element.pointee : element.pointee.magnitude
        y[i] += size * x[j]
        y[j] += size * x[i]
      }
      j += 1
    }
  }

  @inline(__always)
  private func size(_ lanes: S.Lanes, _ squares: Bool) -> S.Lanes {
    squares ? S.product(lanes, lanes) : S.magnitude(lanes)
  }

  /// Column `index` of the symmetric matrix, into `column`.
  func gather(_ index: Int, into column: UnsafeMutablePointer<S>) {
    for i in 0..<index { column[i] = a[i * leading + index] }
    for i in index..<order { column[i] = a[index * leading + i] }
  }

  /// Moves the rows and columns `positions`, ascending, to the front; the leading dimension stays.
  func compact(_ positions: [Int]) {
    for (row, oldRow) in positions.enumerated() {
      for column in row..<positions.count {
        a[row * leading + column] = a[oldRow * leading + positions[column]]
      }
    }
  }
}
