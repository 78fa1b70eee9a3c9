import ECBLAS
import ECCentrality
import Testing

@Suite struct SimilarityGraphTests {
  @Test func `edges, isolated nodes and components are counted`() {
    let n = 6
    var adjacency = [Double](repeating: 0, count: n * n)
    for (i, j, weight) in [(0, 1, 0.5), (1, 2, 0.25), (3, 4, 1.0)] {
      adjacency[i * n + j] = weight
      adjacency[j * n + i] = weight
    }
    adjacency[5 * n + 5] = 1
    let graph = SimilarityGraph(adjacency: adjacency, count: n)
    #expect(graph.edges == 3)
    #expect(graph.isolated == 1)
    #expect(graph.components == 3)
    #expect(abs(graph.meanDegree - 3.5 / 6) < 1e-15)
  }

  @Test func `absolute similarity joins opposite vectors`() throws {
    let w = [1.0, 0, -1, 0.1, 0, 1]
    let positive = try SimilarityGraph(cosine(w, 3, 2))
    let absolute = try SimilarityGraph(cosine(w, 3, 2), sign: .absolute)
    #expect(positive.edges == 1)
    #expect(absolute.edges == 2)
  }

  @Test(arguments: [(0.0, 0.0), (0.25, 2.5), (0.5, 5), (0.93, 9.3), (1, 10)])
  func `quantiles are interpolated`(_ share: Double, _ expected: Double) {
    var values = [7.0, 0, 3, 10, 1, 9, 2, 8, 4, 6, 5]
    #expect(abs(interpolatedQuantile(&values, share) - expected) < 1e-12)
  }

  @Test func `a quantile threshold leaves that share of pairs without an edge`() throws {
    let (n, d) = (21, 30)
    let similarity = try cosine(weights(seed: 3, n, d, mean: 1), n, d)
    let graph = try SimilarityGraph(similarity, threshold: .quantile(0.9))
    #expect(graph.edges == n * (n - 1) / 2 / 10)
  }

  @Test func `a graph without edges falls back to the norms`() throws {
    let w = [1.0, 0, 0, 0, 3, 0, 0, 0, 2]
    let outcome = try EigenvectorCentrality().score(cosine(w, 3, 3))
    #expect(outcome.fallsBackToNorms)
    #expect(outcome.hasManyIsolated)
    #expect(outcome.ranking == [1, 2, 0])
    let other = try EigenvectorCentrality(direction: .peripheral).score(cosine(w, 3, 3))
    #expect(other.keep(2) == [1, 2])
  }

  @Test func `equal scores go to the larger norm, then the lower index`() throws {
    // Four vectors of one direction: a complete graph of ones.
    let w = [1.0, 1, 2, 2, 1, 1, 3, 3]
    let outcome = try EigenvectorCentrality().score(cosine(w, 4, 2))
    #expect(outcome.ranking == [3, 1, 0, 2])
    #expect(outcome.keep(9) == [0, 1, 2, 3])
  }

  @Test func `a channel of zeros is isolated`() throws {
    let outcome = try EigenvectorCentrality().score(cosine([1, 1, 0, 0, 1, 2], 3, 2))
    #expect(outcome.isolated == 1)
    #expect(outcome.ranking.last == 1)
  }

  @Test func `broken weights and negative thresholds are refused`() throws {
    #expect(throws: CentralityError(.notFinite(channel: 1))) {
      try cosine([1, 2, .nan, 0], 2, 2)
    }
    #expect(throws: CentralityError(.thresholdNegative(-0.1))) {
      try EigenvectorCentrality(threshold: .value(-0.1)).score(cosine([1, 2, 3, 4], 2, 2))
    }
    #expect(throws: CentralityError(.tooFewElements(expected: 6, found: 4))) {
      try cosine([1, 2, 3, 4], 3, 2)
    }
  }

  @Test func `thresholds are read from text`() throws {
    #expect(try SimilarityThreshold(parsing: "0.25") == .value(0.25))
    #expect(try SimilarityThreshold(parsing: "mean") == .mean)
    #expect(try SimilarityThreshold(parsing: "q90") == .quantile(0.9))
    for text in ["q", "q101", "", "high", "inf"] {
      #expect(throws: CentralityError(.thresholdUnreadable(text))) {
        try SimilarityThreshold(parsing: text)
      }
    }
    #expect(throws: CentralityError(.thresholdNegative(-1))) {
      try SimilarityThreshold(parsing: "-1")
    }
  }

  @Test(arguments: [SymmetricMatrix.Precision.double, .single])
  func `Lanczos finds the eigenvalues of larger graphs`(
    _ precision: SymmetricMatrix.Precision
  ) throws {
    let (n, d) = (300, 40)
    let similarity = try cosine(
      weights(seed: 9, n, d, mean: 0.3), n, d, precision: precision)
    var adjacency = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0..<n where i != j { adjacency[i * n + j] = max(0, similarity[i, j]) }
    }
    let exact = try SymmetricEigenvalues.values(of: adjacency, order: n)
    let outcome = try EigenvectorCentrality().score(similarity)
    #expect(abs(outcome.largestEigenvalue - exact[n - 1]) < 1e-6 * exact[n - 1])
    if let gap = outcome.gap {
      #expect(abs(gap - (exact[n - 1] - exact[n - 2])) < 1e-3 * exact[n - 1])
    }
  }

  @Test func `every message names what is wrong`() {
    let central = CentralityError.Reason.samples.map { CentralityError($0).what }
    #expect(
      central == [
        "the similarity threshold is -0.5, expected 0 or more",
        "the similarity threshold is 'q', expected a number, 'mean' or 'qNN'",
        "the matrix has 9 elements, expected at least 12",
        "channel 3 has weights or statistics that are not finite",
        "the matrix is not positive definite (leading minor 2)",
      ])
    let linear = BLASError.Reason.samples.map { BLASError($0).what }
    #expect(
      linear == [
        "a matrix dimension is 2147483648, the largest that BLAS takes is 2147483647",
        "the matrix is not positive definite (leading minor 3)",
        "2 eigenvalues did not converge",
      ])
  }
}
