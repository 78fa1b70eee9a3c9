import ECBLAS

/// A symmetric matrix, row-major, of which the upper triangle counts.
///
/// Small ones are kept in double precision, large ones in single, halving memory and its traffic.
package struct SymmetricMatrix: Sendable {
  /// How the elements are stored.
  package enum Precision: Sendable {
    case single, double
  }

  /// The largest order that is stored in double precision by default.
  package static let largestDouble = 1024

  /// The number of rows.
  package let order: Int
  /// How the elements are stored.
  package let precision: Precision
  /// All n² elements in double precision, else empty.
  package var doubles: [Double]
  /// All n² elements in single precision, else empty.
  package var floats: [Float]

  /// Makes a matrix of zeros.
  package init(order: Int, precision: Precision? = nil) {
    self.order = order
    self.precision = precision ?? (order <= Self.largestDouble ? .double : .single)
    doubles = self.precision == .double ? [Double](repeating: 0, count: order * order) : []
    floats = self.precision == .single ? [Float](repeating: 0, count: order * order) : []
  }

  /// Takes over n² elements, rounded where `precision` asks for it.
  package init(_ elements: consuming [Double], order: Int, precision: Precision? = nil) {
    self.order = order
    self.precision = precision ?? (order <= Self.largestDouble ? .double : .single)
    if self.precision == .double {
      doubles = elements
      floats = []
    } else {
      floats = elements.map { Float($0) }
      doubles = []
    }
  }

  /// An element, in either order of its indices.
  package subscript(row: Int, column: Int) -> Double {
    let index = min(row, column) * order + max(row, column)
    return precision == .double ? doubles[index] : Double(floats[index])
  }

  /// Changes every element of the upper triangle, diagonal included.
  mutating func mapUpper(_ change: (_ row: Int, _ column: Int, Double) -> Double) {
    for row in 0..<order {
      for column in row..<order {
        let index = row * order + column
        switch precision {
        case .double: doubles[index] = change(row, column, doubles[index])
        case .single: floats[index] = Float(change(row, column, Double(floats[index])))
        }
      }
    }
  }

  /// Calls `visit` with every element above the diagonal, row by row.
  func forEachPair(_ visit: (_ row: Int, _ column: Int, Double) -> Void) {
    for row in 0..<order {
      for column in row + 1..<max(row + 1, order) {
        let index = row * order + column
        visit(row, column, precision == .double ? doubles[index] : Double(floats[index]))
      }
    }
  }

  /// `y := a·x`, summed in double precision whatever the storage.
  func multiply(_ x: [Double], into y: inout [Double]) throws(CentralityError) {
    try algebra { () throws(BLASError) in
      try x.withUnsafeBufferPointer { (x) throws(BLASError) in
        try y.withUnsafeMutableBufferPointer { (y) throws(BLASError) in
          switch precision {
          case .double:
            try doubles.withUnsafeBufferPointer { (a) throws(BLASError) in
              try MatrixMultiply.symmetricVector(a, order: order, x, into: y)
            }
          case .single:
            floats.withUnsafeBufferPointer { multiplyUpper($0, order: order, x, into: y) }
          }
        }
      }
    }
  }
}

/// `y := a·x` for a single-precision upper triangle, four rows at a time, one pass over memory.
private func multiplyUpper(
  _ a: UnsafeBufferPointer<Float>, order: Int, _ x: UnsafeBufferPointer<Double>,
  into y: UnsafeMutableBufferPointer<Double>
) {
  guard let a = a.baseAddress, let x = x.baseAddress, let y = y.baseAddress else { return }
  y.update(repeating: 0, count: order)
  var row = 0
  while row + 4 <= order {
    for i in row..<row + 4 {
      y[i] += Double(a[i * order + i]) * x[i]
      for j in i + 1..<max(i + 1, row + 4) {
        y[i] += Double(a[i * order + j]) * x[j]
        y[j] += Double(a[i * order + j]) * x[i]
      }
    }
    multiplyStrip(a + row * order, order: order, row: row, x, y)
    row += 4
  }
  for i in row..<order {
    y[i] += Double(a[i * order + i]) * x[i]
    for j in i + 1..<max(i + 1, order) {
      y[i] += Double(a[i * order + j]) * x[j]
      y[j] += Double(a[i * order + j]) * x[i]
    }
  }
}

/// The part of `multiplyUpper` right of the diagonal block of rows `row..<row + 4`.
private func multiplyStrip(
  _ a: UnsafePointer<Float>, order: Int, row: Int, _ x: UnsafePointer<Double>,
  _ y: UnsafeMutablePointer<Double>
) {
  let (r0, r1, r2, r3) = (a, a + order, a + 2 * order, a + 3 * order)
  let (x0, x1, x2, x3) = (x[row], x[row + 1], x[row + 2], x[row + 3])
  var s0 = SIMD4<Double>(repeating: 0)
  var (s1, s2, s3) = (s0, s0, s0)
  var column = row + 4
  while column + 4 <= order {
    let (a0, a1) = (widen(r0 + column), widen(r1 + column))
    let (a2, a3) = (widen(r2 + column), widen(r3 + column))
    let xs = load(x + column)
    s0 += a0 * xs
    s1 += a1 * xs
    s2 += a2 * xs
    s3 += a3 * xs
    let ys = load(y + column) + ((a0 * x0 + a1 * x1) + (a2 * x2 + a3 * x3))
    UnsafeMutableRawPointer(y + column).storeBytes(of: ys, as: SIMD4<Double>.self)
    column += 4
  }
  y[row] += s0.sum()
  y[row + 1] += s1.sum()
  y[row + 2] += s2.sum()
  y[row + 3] += s3.sum()
  for j in column..<max(column, order) {
    for (r, i) in [(r0, row), (r1, row + 1), (r2, row + 2), (r3, row + 3)] {
      y[i] += Double(r[j]) * x[j]
      y[j] += Double(r[j]) * x[i]
    }
  }
}

/// Four elements in double precision.
@inline(__always)
private func widen(_ pointer: UnsafePointer<Float>) -> SIMD4<Double> {
  SIMD4<Double>(UnsafeRawPointer(pointer).loadUnaligned(as: SIMD4<Float>.self))
}

/// Four elements.
@inline(__always)
private func load(_ pointer: UnsafePointer<Double>) -> SIMD4<Double> {
  UnsafeRawPointer(pointer).loadUnaligned(as: SIMD4<Double>.self)
}
