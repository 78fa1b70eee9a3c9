import ECBLAS

/// Inner products of channel vectors, from the weights as they lie in memory.
public enum GramMatrix {
  /// The largest product, in multiply-adds, that single-precision vectors get in double precision.
  static let largestDoubleWork = 2_000_000_000

  /// All inner products in double precision, `[count, count]`, both triangles.
  public static func of(
    _ vectors: UnsafeBufferPointer<Float>, count: Int, dimension: Int, layout: VectorLayout
  ) throws(CentralityError) -> [Double] {
    var gram = [Double](repeating: 0, count: count * count)
    try add(vectors, count: count, dimension: dimension, layout: layout, scale: 1, to: &gram)
    gram.withUnsafeMutableBufferPointer { SymmetricProduct.mirror($0, order: count) }
    return gram
  }

  /// Adds `scale` times the inner products to the upper triangle of a double-precision matrix.
  static func add(
    _ vectors: UnsafeBufferPointer<Float>, count: Int, dimension: Int, layout: VectorLayout,
    scale: Double, to gram: inout [Double]
  ) throws(CentralityError) {
    if count * count * dimension > largestDoubleWork {
      var single = [Float](repeating: 0, count: count * count)
      try add(vectors, count: count, dimension: dimension, layout: layout, scale: 1, to: &single)
      for row in 0..<count {
        for index in row * count + row..<row * count + count {
          gram[index] += scale * Double(single[index])
        }
      }
    } else {
      try check(vectors.count, count * dimension)
      // Up to 2 MiB of converted vectors at a time.
      var converted = [Double]()
      try eachBlock(count, dimension, layout, limit: max(1, 262_144 / max(1, count))) {
        (first, length, stride, isRows, depth) throws(CentralityError) in
        converted.removeAll(keepingCapacity: true)
        let (lines, width) = isRows ? (count, depth) : (depth, count)
        for line in 0..<lines {
          let start = first + line * stride
          converted.append(contentsOf: vectors[start..<start + width].lazy.map { Double($0) })
        }
        try converted.withUnsafeBufferPointer { (block) throws(CentralityError) in
          try multiply(block, count, depth, stride: width, isRows, scale, &gram)
        }
      }
    }
  }

  /// Adds `scale` times the inner products to the upper triangle, in the vectors' own precision.
  static func add<S: BLASScalar>(
    _ vectors: UnsafeBufferPointer<S>, count: Int, dimension: Int, layout: VectorLayout, scale: S,
    to gram: inout [S]
  ) throws(CentralityError) {
    try check(vectors.count, count * dimension)
    try eachBlock(count, dimension, layout, limit: .max) {
      (first, length, stride, isRows, depth) throws(CentralityError) in
      try multiply(
        UnsafeBufferPointer(rebasing: vectors[first..<first + length]), count, depth,
        stride: stride, isRows, scale, &gram)
    }
  }

  /// Cuts the vectors into plain matrices of at most `limit` dimensions each.
  ///
  /// `body` gets the first element, the number of elements spanned, the distance between lines,
  /// whether the lines are channels, and the depth.
  private static func eachBlock(
    _ count: Int, _ dimension: Int, _ layout: VectorLayout, limit: Int,
    _ body: (Int, Int, Int, Bool, Int) throws(CentralityError) -> Void
  ) throws(CentralityError) {
    guard count > 0, dimension > 0 else { return }
    var start = 0
    switch layout {
    case .columns:
      while start < dimension {
        let depth = min(limit, dimension - start)
        try body(start * count, depth * count, count, false, depth)
        start += depth
      }
    case .rows:
      while start < dimension {
        let depth = min(limit, dimension - start)
        try body(start, (count - 1) * dimension + depth, dimension, true, depth)
        start += depth
      }
    case .middle(let inner):
      precondition(inner > 0 && dimension % inner == 0, "the inner extent divides the dimension")
      for outer in 0..<dimension / inner {
        start = 0
        while start < inner {
          let depth = min(limit, inner - start)
          let first = outer * count * inner + start
          try body(first, (count - 1) * inner + depth, inner, true, depth)
          start += depth
        }
      }
    }
  }

  private static func multiply<S: BLASScalar>(
    _ block: UnsafeBufferPointer<S>, _ count: Int, _ depth: Int, stride: Int, _ isRows: Bool,
    _ scale: S, _ gram: inout [S]
  ) throws(CentralityError) {
    try algebra { () throws(BLASError) in
      try gram.withUnsafeMutableBufferPointer { (gram) throws(BLASError) in
        if isRows {
          try SymmetricProduct.ofRows(
            block, count: count, dimension: depth, leading: stride, alpha: scale, beta: 1,
            into: gram)
        } else {
          try SymmetricProduct.ofColumns(
            block, count: count, dimension: depth, leading: stride, alpha: scale, beta: 1,
            into: gram)
        }
      }
    }
  }

  private static func check(_ found: Int, _ expected: Int) throws(CentralityError) {
    guard found >= expected else {
      throw CentralityError(.tooFewElements(expected: expected, found: found))
    }
  }
}
