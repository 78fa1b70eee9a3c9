extension SymmetricMatrix {
  /// Multiplies element (i, j) by `factors[i]·factors[j]`.
  mutating func scale(by factors: [Double]) {
    switch precision {
    case .double: scaleUpper(&doubles, factors)
    case .single: scaleUpper(&floats, factors.map { Float($0) })
    }
  }

  /// Divides every element.
  mutating func divide(by divisor: Double) {
    guard divisor != 1 else { return }
    scale(by: [Double](repeating: 1 / divisor.squareRoot(), count: order))
  }

  /// Adds `scale` times another matrix of the same order and precision.
  mutating func add(_ other: SymmetricMatrix, scale: Double) {
    precondition(other.order == order && other.precision == precision)
    switch precision {
    case .double: addScaled(&doubles, other.doubles, scale)
    case .single: addScaled(&floats, other.floats, Float(scale))
    }
  }
}

private func scaleUpper<S: MatrixScalar>(_ a: inout [S], _ factors: [S]) {
  let order = factors.count
  a.withUnsafeMutableBufferPointer { a in
    factors.withUnsafeBufferPointer { factors in
      for row in 0..<order {
        let factor = factors[row]
        for column in row..<order { a[row * order + column] *= factor * factors[column] }
      }
    }
  }
}

private func addScaled<S: MatrixScalar>(_ a: inout [S], _ b: [S], _ scale: S) {
  a.withUnsafeMutableBufferPointer { a in
    b.withUnsafeBufferPointer { b in
      for index in 0..<a.count { a[index] += scale * b[index] }
    }
  }
}
