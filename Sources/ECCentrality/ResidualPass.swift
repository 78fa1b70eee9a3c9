/// One pass over the upper triangle of a residual similarity, which is what the selections cost.
///
/// It takes out a chosen channel (`a := a - scaled·columnᵀ`, where asked) and multiplies the
/// magnitudes, or the squares, of the new elements with a vector, all while an element is in a
/// register.
struct ResidualPass<S: MatrixScalar> {
  /// The upper triangle, row-major.
  let a: UnsafeMutablePointer<S>
  /// The distance between rows.
  let leading: Int
  /// The number of rows in use.
  let order: Int

  /// `y := |a|·x`.
  func multiply(_ x: UnsafePointer<S>, into y: UnsafeMutablePointer<S>) {
    S.residualPass(a, leading, order, x, y, x, nil, 0)
  }

  /// `a := a - scaled·columnᵀ`, then `y := |a|·x`.
  func update(
    column: UnsafePointer<S>, scaled: UnsafePointer<S>, thenMultiply x: UnsafePointer<S>,
    into y: UnsafeMutablePointer<S>
  ) {
    S.residualPass(a, leading, order, x, y, column, scaled, 0)
  }

  /// `a := a - scaled·columnᵀ`, then `y := a²·x`, squared element by element.
  func update(
    column: UnsafePointer<S>, scaled: UnsafePointer<S>, thenMultiplySquares x: UnsafePointer<S>,
    into y: UnsafeMutablePointer<S>
  ) {
    S.residualPass(a, leading, order, x, y, column, scaled, 1)
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
