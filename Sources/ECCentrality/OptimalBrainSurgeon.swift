import ECBLAS

/// Structured optimal brain surgeon: removes the channel whose best repair costs least, and again.
///
/// `H = Σ_c Σ_c / trace + λI` is the curvature, `Q = Σ_c W_cᵀW_c`, scaled, what the consumers do with
/// the channels. The cost of channel j is `Q_jj / (H⁻¹)_jj`; both matrices are then updated as if
/// the others had been refitted. O((n - k)·n²), double precision.
public enum OptimalBrainSurgeon {
  /// A layer that reads the channels, as the two matrices of its input axis.
  public struct Consumer: Sendable {
    /// The covariance of the channels at its input, `[n, n]` symmetric.
    public var covariance: [Double]
    /// The inner products of its weights per input channel, over outputs and taps, `[n, n]`
    /// symmetric; see `GramMatrix`.
    public var weightGram: [Double]

    /// Joins the two matrices.
    public init(covariance: [Double], weightGram: [Double]) {
      self.covariance = covariance
      self.weightGram = weightGram
    }
  }

  /// What was removed, and what stays.
  public struct Removal: Sendable, Equatable {
    /// The channels that stay, ascending.
    public let kept: [Int]
    /// The removed channels in the order of their removal.
    public let order: [Int]
    /// The cost of each removal.
    public let costs: [Double]
  }

  /// Removes channels until `count` are left.
  ///
  /// `ridge` is λ in mean diagonal elements of the curvature.
  /// - Throws: `notFinite`, or `algebra` where the curvature stays singular.
  public static func select(
    _ consumers: [Consumer], order n: Int, count: Int, ridge: Double = 1e-2
  ) throws(CentralityError) -> Removal {
    var (curvature, quadratic) = try combine(consumers, n)
    let mean = try checkedTrace(curvature, order: n) / Double(max(1, n))
    guard mean > 0 else { throw CentralityError(.algebra("the statistics are all zero")) }
    let meanQuadratic = try checkedTrace(quadratic, order: n) / Double(n)
    for i in 0..<n {
      curvature[i * n + i] += ridge * mean
      quadratic[i * n + i] += 1e-9 * meanQuadratic
    }
    return try algebra { () throws(BLASError) in
      try curvature.withUnsafeMutableBufferPointer { (inverse) throws(BLASError) in
        try LeastSquares.invert(inverse, order: n)
        return try quadratic.withUnsafeMutableBufferPointer { (quadratic) throws(BLASError) in
          try remove(inverse, quadratic, n, count: max(0, count))
        }
      }
    }
  }

  private static func combine(
    _ consumers: [Consumer], _ n: Int
  ) throws(CentralityError) -> (curvature: [Double], quadratic: [Double]) {
    var curvature = [Double](repeating: 0, count: n * n)
    var quadratic = curvature
    for consumer in consumers {
      let trace = try checkedTrace(consumer.covariance, order: n) + 1e-12
      _ = try checkedTrace(consumer.weightGram, order: n)
      // The variance of the consumer's outputs: trace(W Σ Wᵀ).
      var output = 1e-12
      for i in 0..<n * n { output += consumer.covariance[i] * consumer.weightGram[i] }
      for i in 0..<n * n {
        curvature[i] += consumer.covariance[i] / trace
        quadratic[i] += consumer.weightGram[i] / output * trace
      }
    }
    return (curvature, quadratic)
  }

  private static func remove(
    _ inverse: UnsafeMutableBufferPointer<Double>, _ quadratic: UnsafeMutableBufferPointer<Double>,
    _ n: Int, count: Int
  ) throws(BLASError) -> Removal {
    guard let h = inverse.baseAddress, let q = quadratic.baseAddress else {
      return Removal(kept: [], order: [], costs: [])
    }
    var channels = Array(0..<n)
    var isAlive = [Bool](repeating: true, count: n)
    var order: [Int] = []
    var costs: [Double] = []
    var column = [Double](repeating: 0, count: n)
    var mixed = column
    while n - order.count > count {
      let m = channels.count
      let (inversePass, quadraticPass) = (
        ResidualPass(a: h, leading: n, order: m), ResidualPass(a: q, leading: n, order: m)
      )
      var best = 0
      var least = Double.infinity
      for i in 0..<m where isAlive[i] {
        let cost = q[i * n + i] / max(h[i * n + i], 1e-30)
        if cost < least { (best, least) = (i, cost) }
      }
      let pivot = h[best * n + best]
      let own = q[best * n + best]
      try column.withUnsafeMutableBufferPointer { (column) throws(BLASError) in
        try mixed.withUnsafeMutableBufferPointer { (mixed) throws(BLASError) in
          guard let c = column.baseAddress, let x = mixed.baseAddress else { return }
          inversePass.gather(best, into: c)
          quadraticPass.gather(best, into: x)
          // Q - (q hᵀ + h qᵀ) / p + Q_jj h hᵀ / p² as one update of rank two.
          for i in 0..<m { x[i] -= own / (2 * pivot) * c[i] }
          let line = UnsafeBufferPointer(column)
          try SymmetricProduct.update(
            quadratic, order: m, leading: n, by: -1 / pivot, UnsafeBufferPointer(mixed), line)
          try SymmetricProduct.update(inverse, order: m, leading: n, by: -1 / pivot, line)
        }
      }
      order.append(channels[best])
      costs.append(least)
      isAlive[best] = false
      let living = isAlive.count { $0 }
      if (m - living) * 8 >= m {
        let positions = (0..<m).filter { isAlive[$0] }
        inversePass.compact(positions)
        quadraticPass.compact(positions)
        channels = positions.map { channels[$0] }
        isAlive = [Bool](repeating: true, count: living)
      }
    }
    return Removal(
      kept: channels.indices.filter { isAlive[$0] }.map { channels[$0] }, order: order,
      costs: costs)
  }
}
