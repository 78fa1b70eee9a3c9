public import ECBLAS

/// The label-free repair of a consumer: what it lost, the kept channels give instead.
///
/// Of the covariance Σ of the channels x that the consumer read and the channels z that it reads now,
/// `Δ = Cov(x - z, z) (Σ_zz + λ·tr(Σ_zz)/|K|·I)⁻¹`; then `W_K += W·Δ` for each tap, and the bias grows
/// by the sum over taps of `W (μ_x - μ_z - Δ·μ_z)`. A removed channel's z is 0. Where the kept channels
/// are as they were, only the rows of removed channels aren't zero, and Δ is
/// `B = Σ_RK (Σ_KK + …)⁻¹`; where layers before were pruned too, the kept ones also make good what
/// has become of themselves, and λ pulls towards the weights as they are.
public struct Merge: Sendable {
  /// The kept channels, ascending.
  public let kept: [Int]
  /// The channels whose change is made good, ascending: the removed ones, or all.
  public let targets: [Int]
  /// Δ, `[targets, kept]`.
  public let coefficients: [Double]
  /// The λ that was used, see `RidgeRegression`.
  public let ridge: Double

  /// The number of channels.
  let count: Int
  /// Where the statistics have each kept channel as it is now.
  let sources: [Int]
  /// Whether kept channels are other variables now than they were.
  var isPaired: Bool { sources.last.map { $0 >= count } ?? false }

  /// Fits Δ where kept channels are as they were; `covariance` is `[count, count]` symmetric.
  public init(
    covariance: UnsafeBufferPointer<Double>, count: Int, keeping kept: [Int], ridge: Double = 0.03
  ) throws(CentralityError) {
    let kept = Set(kept).sorted()
    try self.init(covariance, order: count, count, kept, sources: kept, ridge)
  }

  /// Fits Δ where kept channels have changed; `joint` is the covariance of the channels as they were
  /// and, behind them, of the kept ones as they are, `[count + kept, count + kept]` symmetric.
  public init(
    joint: UnsafeBufferPointer<Double>, count: Int, keeping kept: [Int], ridge: Double = 0.03
  ) throws(CentralityError) {
    let kept = Set(kept).sorted()
    let order = count + kept.count
    try self.init(joint, order: order, count, kept, sources: Array(count..<order), ridge)
  }

  /// Mends nothing: for the error without a repair.
  public init(nothingOf count: Int, keeping kept: [Int]) {
    self.kept = Set(kept).sorted()
    self.count = count
    sources = self.kept
    targets = []
    coefficients = []
    ridge = 0
  }

  private init(
    _ covariance: UnsafeBufferPointer<Double>, order: Int, _ count: Int, _ kept: [Int],
    sources: [Int], _ ridge: Double
  ) throws(CentralityError) {
    guard covariance.count >= order * order else {
      throw CentralityError(.tooFewElements(expected: order * order, found: covariance.count))
    }
    self.count = count
    self.kept = kept
    self.sources = sources
    let places = Merge.places(kept, count)
    let changes = sources != kept
    targets = (0..<count).filter { changes || places[$0] == nil }
    var cross: [Double] = []
    cross.reserveCapacity(targets.count * kept.count)
    for target in targets {
      let now = places[target].map { sources[$0] }
      for source in sources {
        let own = now.map { covariance[$0 * order + source] } ?? 0
        cross.append(covariance[target * order + source] - own)
      }
    }
    let fit = try RidgeRegression(
      cross: cross, targets: targets.count,
      covariance: sources.flatMap { row in sources.map { covariance[row * order + $0] } },
      sources: kept.count, ridge: ridge)
    coefficients = fit.coefficients
    self.ridge = fit.ridge
  }

  /// For each channel its position among the kept ones.
  static func places(_ kept: [Int], _ count: Int) -> [Int?] {
    var places = [Int?](repeating: nil, count: count)
    for (place, channel) in kept.enumerated() { places[channel] = place }
    return places
  }

  /// What the kept channels don't give of the means, one for each target: `μ_x - μ_z - Δ·μ_z`.
  ///
  /// `means` are those of the statistics: of all channels and, where kept ones have changed, of those.
  public func meanRemainder(_ means: [Double]) throws(CentralityError) -> [Double] {
    precondition(means.count == count + (isPaired ? kept.count : 0), "one mean for each channel")
    let now = sources.map { means[$0] }
    let places = Merge.places(kept, count)
    let predicted = try algebra { () throws(BLASError) in
      try MatrixMultiply.vector(coefficients, rows: targets.count, columns: kept.count, now)
    }
    return targets.indices.map { row in
      means[targets[row]] - (places[targets[row]].map { now[$0] } ?? 0) - predicted[row]
    }
  }

  /// The consumer's new weights, `[outer, kept, inner]`, from its old ones, `[outer, count, inner]`.
  ///
  /// `o i kh kw` has outer = o, inner = kh·kw; `kh kw i o` outer = kh·kw, inner = o; `[out, in]`
  /// inner = 1; `[in, out]` outer = 1.
  public func weights<S: BLASScalar>(
    _ weights: UnsafeBufferPointer<S>, outer: Int, inner: Int
  ) throws(CentralityError) -> [S] {
    let expected = outer * count * inner
    guard weights.count >= expected else {
      throw CentralityError(.tooFewElements(expected: expected, found: weights.count))
    }
    let cells = outer * inner
    // [targets, outer · inner], so that one product serves every tap.
    var changed: [S] = []
    changed.reserveCapacity(targets.count * cells)
    for channel in targets {
      for line in 0..<outer {
        let start = (line * count + channel) * inner
        changed.append(contentsOf: weights[start..<start + inner])
      }
    }
    let shares = try algebra { () throws(BLASError) in
      try MatrixMultiply.product(
        coefficients.map { S($0) }, transposeA: true, changed, rows: kept.count, columns: cells,
        depth: targets.count)
    }
    var result = [S](repeating: 0, count: outer * kept.count * inner)
    for line in 0..<outer {
      for (position, channel) in kept.enumerated() {
        let old = (line * count + channel) * inner
        let new = (line * kept.count + position) * inner
        let share = position * cells + line * inner
        for i in 0..<inner { result[new + i] = weights[old + i] + shares[share + i] }
      }
    }
    return result
  }

  /// What the bias gains, before the sum over taps: `W (μ_x - μ_z - Δ·μ_z)` as `[outer, inner]`.
  ///
  /// Sum over the axis that isn't the output's: over kh·kw.
  public func biasTerms<S: BLASScalar>(
    _ weights: UnsafeBufferPointer<S>, outer: Int, inner: Int, means: [Double]
  ) throws(CentralityError) -> [Double] {
    let expected = outer * count * inner
    guard weights.count >= expected else {
      throw CentralityError(.tooFewElements(expected: expected, found: weights.count))
    }
    let remainder = try meanRemainder(means)
    var terms = [Double](repeating: 0, count: outer * inner)
    for line in 0..<outer {
      for (position, channel) in targets.enumerated() {
        let start = (line * count + channel) * inner
        for i in 0..<inner {
          terms[line * inner + i] += Double(weights[start + i]) * remainder[position]
        }
      }
    }
    return terms
  }
}
