import ECBLAS
import ECCentrality
import ECRandom
import Testing

@Suite struct PropertyTests {
  @Test func `scaling vectors changes no score`() throws {
    let (n, d) = (24, 40)
    let w = weights(seed: 11, n, d)
    let factors = uniform(seed: 12, n).map { 0.01 + 100 * $0 }
    let scaled = w.indices.map { w[$0] * factors[$0 / d] }
    let one = try EigenvectorCentrality().score(cosine(w, n, d))
    let other = try EigenvectorCentrality().score(cosine(scaled, n, d))
    #expect(one.edges == other.edges)
    #expect(distance(one.scores, other.scores) < 1e-7)
    #expect(one.keep(12) == other.keep(12))
  }

  @Test(arguments: [UInt64(21), 22, 23])
  func `relabelling channels permutes every choice`(_ seed: UInt64) throws {
    let (n, d) = (20, 33)
    let w = weights(seed: seed, n, d, duplicates: 5)
    var generator = SplitMix64(seed: seed + 100)
    let labels = Array(0..<n).shuffled(using: &generator)
    let moved = labels.flatMap { w[$0 * d..<$0 * d + d] }
    func original(_ kept: [Int]) -> [Int] { kept.map { labels[$0] }.sorted() }

    let one = try EigenvectorCentrality().score(cosine(w, n, d))
    let other = try EigenvectorCentrality().score(cosine(moved, n, d))
    #expect(distance(labels.map { one.scores[$0] }, other.scores) < 1e-8)
    #expect(one.keep(9) == original(other.keep(9)))

    let gram = try SymmetricProduct.ofRows(w, count: n, dimension: d)
    let movedGram = try SymmetricProduct.ofRows(moved, count: n, dimension: d)
    #expect(
      try DeflatedCentrality.select(gram, order: n, count: 9).order
        == DeflatedCentrality.select(movedGram, order: n, count: 9).order.map { labels[$0] })
    #expect(
      try ColumnSelection.select(gram, order: n, count: 9).order
        == ColumnSelection.select(movedGram, order: n, count: 9).order.map { labels[$0] })
  }

  @Test(arguments: [(16, 30), (48, 100), (96, 64)])
  func `the better half is that of the exact eigenvector`(_ n: Int, _ d: Int) throws {
    let similarity = try cosine(weights(seed: UInt64(n), n, d, mean: 0.1), n, d)
    var adjacency = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0..<n where i != j { adjacency[i * n + j] = max(0, similarity[i, j]) }
    }
    let vector = try SymmetricEigenvalues.pairs(of: adjacency, order: n).vectors.suffix(n)
    let exact = Set(
      vector.map(abs).enumerated().sorted { $0.element > $1.element }.prefix(n / 2).map(\.offset))
    let kept = try EigenvectorCentrality().score(similarity).keep(n / 2)
    #expect(Double(exact.intersection(kept).count) >= 0.97 * Double(n / 2))
  }

  @Test func `every layout gives the same inner products`() throws {
    let (n, d, inner) = (9, 12, 4)
    let rows = weights(seed: 5, n, d).map { Float($0) }
    let columns = transposed(rows, rows: n, columns: d)
    var middle: [Float] = []
    for block in 0..<d / inner {
      for channel in 0..<n {
        let start = channel * d + block * inner
        middle += rows[start..<start + inner]
      }
    }
    func gram(_ vectors: [Float], _ layout: VectorLayout) throws -> [Double] {
      try vectors.withUnsafeBufferPointer {
        try GramMatrix.of($0, count: n, dimension: d, layout: layout)
      }
    }
    let expected = try gram(rows, .rows)
    let byHand = (0..<n * n).map { index in
      (0..<d).reduce(0.0) {
        $0 + Double(rows[index / n * d + $1]) * Double(rows[index % n * d + $1])
      }
    }
    #expect(distance(expected, byHand) < 1e-13)
    #expect(distance(expected, try gram(columns, .columns)) < 1e-13)
    #expect(distance(expected, try gram(middle, .middle(inner: inner))) < 1e-13)
  }

  @Test func `producers are concatenated, each in its mean norm`() throws {
    let (n, d) = (10, 16)
    let first = weights(seed: 1, n, d)
    let second = weights(seed: 2, n, d).map { 50 * $0 }
    func meanNorm(_ w: [Double]) -> Double {
      var sum = 0.0
      for i in 0..<n {
        sum += w[i * d..<(i + 1) * d].reduce(0.0) { $0 + $1 * $1 }.squareRoot()
      }
      return sum / Double(n)
    }
    let (one, other) = (meanNorm(first), meanNorm(second))
    var joined: [Double] = []
    for i in 0..<n {
      joined += first[i * d..<(i + 1) * d].map { $0 / one }
      joined += second[i * d..<(i + 1) * d].map { $0 / other }
    }
    let expected = try cosine(joined, n, 2 * d)
    for precision in [SymmetricMatrix.Precision.double, .single] {
      var accumulator = SimilarityAccumulator(count: n, precision: precision)
      try first.withUnsafeBufferPointer {
        try accumulator.add($0, dimension: d, layout: .rows)
      }
      try transposed(second, rows: n, columns: d).withUnsafeBufferPointer {
        try accumulator.add($0, dimension: d, layout: .columns)
      }
      let found = accumulator.cosine()
      let tolerance = precision == .double ? 1e-12 : 1e-5
      for i in 0..<n {
        for j in 0..<n { #expect(abs(found[i, j] - expected[i, j]) < tolerance) }
      }
    }
  }

  @Test func `dropping one of two proportional channels changes nothing`() throws {
    let (n, samples, outputs) = (5, 200, 3)
    var x = weights(seed: 31, samples, n)
    for row in 0..<samples { x[row * n + 4] = -2.5 * x[row * n + 1] + 0.7 }
    let means = (0..<n).map { c in
      (0..<samples).reduce(0) { $0 + x[$1 * n + c] } / Double(samples)
    }
    let centred = x.indices.map { x[$0] - means[$0 % n] }
    let sigma = try SymmetricProduct.ofColumns(centred, count: n, dimension: samples)
      .map { $0 / Double(samples) }
    let w = weights(seed: 32, outputs, n)
    let merge = try sigma.withUnsafeBufferPointer {
      try Merge(covariance: $0, count: n, keeping: [0, 1, 2, 3], ridge: 1e-12)
    }
    let (new, bias) = try w.withUnsafeBufferPointer {
      (
        try merge.weights($0, outer: outputs, inner: 1),
        try merge.biasTerms($0, outer: outputs, inner: 1, means: means)
      )
    }
    for row in 0..<samples {
      for o in 0..<outputs {
        let before = (0..<n).reduce(0) { $0 + w[o * n + $1] * x[row * n + $1] }
        let after = (0..<4).reduce(bias[o]) { $0 + new[o * 4 + $1] * x[row * n + $1] }
        #expect(abs(before - after) < 1e-7)
      }
    }
  }

  @Test func `a repair of taps equals a repair of each tap`() throws {
    let (n, outputs, taps) = (6, 2, 3)
    let w = weights(seed: 41, outputs * n, taps)
    let sigma = try AcceptanceTests.referenceCovariance()
    let means = uniform(seed: 42, n)
    let merge = try sigma.withUnsafeBufferPointer {
      try Merge(covariance: $0, count: n, keeping: [4, 1], ridge: 0.03)
    }
    #expect(merge.kept == [1, 4])
    let whole = try w.withUnsafeBufferPointer {
      try merge.weights($0, outer: outputs, inner: taps)
    }
    for tap in 0..<taps {
      let slice = (0..<outputs * n).map { w[$0 * taps + tap] }
      let folded = try slice.withUnsafeBufferPointer {
        try merge.weights($0, outer: outputs, inner: 1)
      }
      let expected = (0..<outputs * 2).map { whole[$0 * taps + tap] }
      #expect(distance(folded, expected) < 1e-14)
    }
    let terms = try w.withUnsafeBufferPointer {
      try merge.biasTerms($0, outer: outputs, inner: taps, means: means)
    }
    #expect(terms.count == outputs * taps)
  }

  @Test func `a singular covariance gets a larger ridge`() throws {
    let fit = try RidgeRegression(
      cross: [1, 1], targets: 1, covariance: [1, 1, 1, 1], sources: 2, ridge: 0)
    #expect(fit.ridge > 0 && fit.ridge < 1e-6)
    #expect(distance(fit.coefficients, [0.5, 0.5]) < 1e-3)
    let silent = try RidgeRegression(
      cross: [0, 0], targets: 1, covariance: [0, 0, 0, 0], sources: 2, ridge: 0.03)
    #expect(silent.coefficients == [0, 0])
  }
}
