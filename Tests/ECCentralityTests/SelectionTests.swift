import ECBLAS
import ECCentrality
import Testing

@Suite struct SelectionTests {
  /// Covariances of mixed channels, with a decaying spectrum as real activations have.
  static func covariance(seed: UInt64, _ n: Int) throws -> [Double] {
    var w = weights(seed: seed, n, n, duplicates: n / 8, mean: 0.1)
    for i in 0..<n * n { w[i] /= 1 + Double(i % n) / 16 }
    return try SymmetricProduct.ofRows(w, count: n, dimension: n)
  }

  @Test(arguments: [(UInt64(51), 67), (52, 130), (53, 201)])
  func `the fast deflation keeps what the plain one keeps`(_ seed: UInt64, _ n: Int) throws {
    let gram = try Self.covariance(seed: seed, n)
    let plain = DeflatedCentrality.selectPlainly(gram, order: n, count: n / 2)
    for precision in [SymmetricMatrix.Precision.double, .single] {
      let fast = try DeflatedCentrality.select(
        gram, order: n, count: n / 2, precision: precision)
      #expect(fast.kept == plain, "\(precision)")
      #expect(fast.explained.last ?? 0 > 0.5)
      #expect(zip(fast.explained, fast.explained.dropFirst()).allSatisfy { $0 <= $1 })
    }
  }

  @Test func `few samples choose as many channels as they can, and energy the rest`() throws {
    let (n, samples) = (70, 12)
    let gram = try SymmetricProduct.ofRows(
      weights(seed: 91, n, samples), count: n, dimension: samples)
    let plain = DeflatedCentrality.selectPlainly(gram, order: n, count: samples)
    for precision in [SymmetricMatrix.Precision.double, .single] {
      let chosen = try DeflatedCentrality.select(
        gram, order: n, count: 30, precision: precision)
      #expect(chosen.order.prefix(samples).sorted() == plain)
      let energies = chosen.order.dropFirst(samples).map { gram[$0 * n + $0] }
      #expect(energies == energies.sorted(by: >) && Set(chosen.order).count == 30)
    }
  }

  @Test func `deflation keeps one of each pair of duplicates`() throws {
    let (n, d) = (12, 30)
    let half = weights(seed: 61, n / 2, d)
    let gram = try SymmetricProduct.ofRows(half + half, count: n, dimension: d)
    let kept = try DeflatedCentrality.select(gram, order: n, count: n / 2).kept
    #expect(Set(kept.map { $0 % (n / 2) }).count == n / 2)
    let columns = try ColumnSelection.select(gram, order: n, count: n / 2).kept
    #expect(Set(columns.map { $0 % (n / 2) }).count == n / 2)
  }

  @Test func `a similarity of zeros keeps the first channels`() throws {
    let zeros = [Double](repeating: 0, count: 25)
    #expect(try DeflatedCentrality.select(zeros, order: 5, count: 2).kept == [0, 1])
    #expect(try ColumnSelection.select(zeros, order: 5, count: 2).kept == [0, 1])
    #expect(try DeflatedCentrality.select(zeros, order: 5, count: 9).kept == [0, 1, 2, 3, 4])
  }

  @Test func `the surgeon removes by its definition`() throws {
    let (n, left) = (40, 13)
    let consumers = try (0..<2).map { index in
      OptimalBrainSurgeon.Consumer(
        covariance: try Self.covariance(seed: 71 + UInt64(index), n),
        weightGram: try SymmetricProduct.ofColumns(
          weights(seed: 81 + UInt64(index), 25, n), count: n, dimension: 25))
    }
    let removal = try OptimalBrainSurgeon.select(consumers, order: n, count: left)
    #expect(removal.kept.count == left)
    #expect(Set(removal.kept).isDisjoint(with: removal.order))
    #expect(removal.order == (try plainRemoval(consumers, n, n - left)))
  }

  /// The reference's loop on whole matrices.
  private func plainRemoval(
    _ consumers: [OptimalBrainSurgeon.Consumer], _ n: Int, _ count: Int
  ) throws -> [Int] {
    func trace(_ a: [Double]) -> Double { (0..<n).reduce(0) { $0 + a[$1 * n + $1] } }
    var h = [Double](repeating: 0, count: n * n)
    var q = h
    for consumer in consumers {
      let t = zip(consumer.covariance, consumer.weightGram).reduce(1e-12) { $0 + $1.0 * $1.1 }
      let own = trace(consumer.covariance) + 1e-12
      for i in h.indices {
        h[i] += consumer.covariance[i] / own
        q[i] += consumer.weightGram[i] / t * own
      }
    }
    let (ridge, floor) = (1e-2 * trace(h) / Double(n), 1e-9 * trace(q) / Double(n))
    for i in 0..<n {
      h[i * n + i] += ridge
      q[i * n + i] += floor
    }
    var inverse = try LeastSquares.inverse(h, order: n)
    var factor = try LeastSquares.cholesky(q, order: n)
    var alive = Array(0..<n)
    var order: [Int] = []
    for _ in 0..<count {
      let costs = alive.map { j in
        (0..<n).reduce(0) { $0 + factor[$1 * n + j] * factor[$1 * n + j] } / inverse[j * n + j]
      }
      let position = try #require(costs.indices.min { costs[$0] < costs[$1] })
      let j = alive.remove(at: position)
      order.append(j)
      let line = Array(inverse[j * n..<j * n + n])
      let column = (0..<n).map { factor[$0 * n + j] }
      for r in 0..<n {
        for c in 0..<n {
          factor[r * n + c] -= column[r] * line[c] / line[j]
          inverse[r * n + c] -= line[r] * line[c] / line[j]
        }
      }
    }
    return order
  }

  @Test func `consumers without variance say nothing`() throws {
    var similarity = FunctionalSimilarity(count: 2)
    try [0.0, 0, 0, 0].withUnsafeBufferPointer { try similarity.add(covariance: $0) }
    #expect(similarity.matrix == [0, 0, 0, 0])
    try [1.0, 0.5, 0.5, 3].withUnsafeBufferPointer { try similarity.add(covariance: $0) }
    #expect(similarity.matrix == [0.25, 0.125, 0.125, 0.75])
  }
}
