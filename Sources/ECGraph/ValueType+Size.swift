extension ValueType {
  /// More elements than any sample has that a machine could run, few enough that sums and products
  /// of extents with small numbers don't overflow.
  static let largestElementCount = 1 << 40

  /// The elements of one sample, as many as can be counted; unknown extents count as 1.
  public var elementCountOfSample: Int {
    shape.reduce(1) { $0.times($1.value ?? $1.symbol?.factor ?? 1) }
  }

  /// Whether there are few enough elements to reckon with.
  var hasSaneSize: Bool { !isKnown || elementCountOfSample <= Self.largestElementCount }
}

extension Int {
  /// The product of two numbers that aren't negative; `Int.max` where that is larger.
  public func times(_ other: Int) -> Int {
    let (product, overflows) = multipliedReportingOverflow(by: other)
    return overflows ? .max : product
  }

  /// The sum of two numbers that aren't negative; `Int.max` where that is larger.
  public func plus(_ other: Int) -> Int {
    let (sum, overflows) = addingReportingOverflow(other)
    return overflows ? .max : sum
  }
}
