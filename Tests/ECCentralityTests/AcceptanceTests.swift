import ECBLAS
import ECCentrality
import Testing

/// The reference's four weight matrices.
struct WeightCase: Sendable, CustomTestStringConvertible {
  let name: String
  let seed: UInt64
  let n: Int
  let d: Int
  var duplicates = 0
  var mean = 0.0
  var testDescription: String { name }
  var matrix: [Double] { weights(seed: seed, n, d, duplicates: duplicates, mean: mean) }

  static let all = [
    WeightCase(name: "a", seed: 1, n: 8, d: 27),
    WeightCase(name: "b", seed: 2, n: 16, d: 72, duplicates: 4),
    WeightCase(name: "c", seed: 3, n: 32, d: 48, mean: 0.25),
    WeightCase(name: "d", seed: 4, n: 64, d: 144, duplicates: 16),
  ]
}

@Suite struct AcceptanceTests {
  @Test(arguments: WeightCase.all, ["0.0", "0.1", "0.5", "mean"])
  func `the paper's score agrees with the reference`(_ sample: WeightCase, _ tau: String) throws {
    let expected: [String: Any] = try Acceptance.value(
      "\(sample.name)/tau=\(tau)", in: Acceptance.figures())
    let w = sample.matrix
    #expect(
      distance(Array(w.prefix(3)), try Acceptance.value("first_weights", in: expected)) < 1e-8)
    var method = EigenvectorCentrality(threshold: try SimilarityThreshold(parsing: tau))
    let outcome = try method.score(cosine(w, sample.n, sample.d))
    let iterations: Int = try Acceptance.value("iterations", in: expected)
    #expect(outcome.edges == (try Acceptance.value("edges", in: expected, as: Int.self)))
    let largest: Double = try Acceptance.value("lambda1", in: expected)
    let second: Double = try Acceptance.value("lambda2", in: expected)
    #expect(abs(outcome.largestEigenvalue - largest) < 1e-6)
    #expect(abs((outcome.gap ?? .infinity) - (largest - second)) < 1e-6)
    if iterations < 10_000 {
      #expect(outcome.converged)
      #expect(abs(outcome.iterations - iterations) <= 1)
      #expect(distance(outcome.scores, try Acceptance.value("robust", in: expected)) < 1e-5)
    } else {
      #expect(!outcome.converged)
    }
    guard tau != "0.5" else {
      #expect(outcome.hasManyIsolated)
      let again = try method.score(cosine(w, sample.n, sample.d))
      #expect(again.ranking == outcome.ranking)
      return
    }
    let half = sample.n / 2
    #expect(
      outcome.keep(half) == (try Acceptance.value("keep_central", in: expected, as: [Int].self)))
    method.direction = .peripheral
    let peripheral = try method.score(cosine(w, sample.n, sample.d))
    let keepsPeripheral: [Int] = try Acceptance.value("keep_peripheral", in: expected)
    #expect(peripheral.keep(half) == keepsPeripheral)
  }

  @Test(arguments: WeightCase.all)
  func `single precision stays within 1e-4 of the reference`(_ sample: WeightCase) throws {
    let expected: [String: Any] = try Acceptance.value(
      "\(sample.name)/tau=0.0", in: Acceptance.figures())
    let outcome = try EigenvectorCentrality().score(
      cosine(sample.matrix, sample.n, sample.d, precision: .single))
    #expect(outcome.edges == (try Acceptance.value("edges", in: expected, as: Int.self)))
    #expect(distance(outcome.scores, try Acceptance.value("robust", in: expected)) < 1e-4)
    let keeps: [Int] = try Acceptance.value("keep_central", in: expected)
    #expect(outcome.keep(sample.n / 2) == keeps)
  }

  @Test(arguments: WeightCase.all)
  func `selections on inner products agree with the reference`(_ sample: WeightCase) throws {
    let figures = try Acceptance.figures()
    let gram = try SymmetricProduct.ofRows(sample.matrix, count: sample.n, dimension: sample.d)
    let deflated: [String: [Int]] = try Acceptance.value(
      "\(sample.name)/deflated(WWt)", in: figures)
    for (count, kept) in deflated {
      let count = try #require(Int(count))
      for precision in [SymmetricMatrix.Precision.double, .single] {
        let selection = try DeflatedCentrality.select(
          gram, order: sample.n, count: count, precision: precision)
        #expect(selection.kept == kept, "\(count) kept, \(precision)")
      }
      #expect(DeflatedCentrality.selectPlainly(gram, order: sample.n, count: count) == kept)
    }
    let columns: [Int] = try Acceptance.value(
      "\(sample.name)/column-selection(WWt)", in: figures)
    let selection = try ColumnSelection.select(gram, order: sample.n, count: sample.n / 2)
    #expect(selection.kept == columns)
  }

  @Test(arguments: ["star5", "path4", "k4", "k3+k2", "k3+k3", "k3+isolated", "empty4"])
  func `small graphs agree with the reference`(_ name: String) throws {
    let expected: [String: Any] = try Acceptance.value("graph/" + name, in: Acceptance.figures())
    let triangle = [(0, 1), (0, 2), (1, 2)]
    let (n, edges): (Int, [(Int, Int)]) =
      switch name {
      case "star5": (5, (1..<5).map { (0, $0) })
      case "path4": (4, [(0, 1), (1, 2), (2, 3)])
      case "k4": (4, triangle + [(0, 3), (1, 3), (2, 3)])
      case "k3+k2": (5, triangle + [(3, 4)])
      case "k3+k3": (6, triangle + [(3, 4), (3, 5), (4, 5)])
      case "k3+isolated": (4, triangle)
      default: (4, [])
      }
    var adjacency = [Double](repeating: 0, count: n * n)
    for (i, j) in edges {
      adjacency[i * n + j] = 1
      adjacency[j * n + i] = 1
    }
    for precision in [SymmetricMatrix.Precision.double, .single] {
      let graph = SimilarityGraph(adjacency: adjacency, count: n, precision: precision)
      #expect(graph.edges == edges.count)
      let outcome = try PowerIteration().run(on: graph)
      let iterations: Int = try Acceptance.value("iterations", in: expected)
      // A uniform start that is already the answer may take one step more or less.
      #expect(abs(outcome.iterations - iterations) <= 1)
      #expect(distance(outcome.vector, try Acceptance.value("robust", in: expected)) < 1e-7)
    }
  }

  @Test func `the repair agrees with the reference`() throws {
    let expected: [String: Any] = try Acceptance.value("merge", in: Acceptance.figures())
    let consumer = weights(seed: 9, 3, 6)
    let kept: [Int] = try Acceptance.value("keep", in: expected)
    let merge = try Self.referenceCovariance().withUnsafeBufferPointer {
      try Merge(
        covariance: $0, count: 6, keeping: kept, ridge: Acceptance.value("lam", in: expected))
    }
    let new: [[Double]] = try Acceptance.value("consumer_new", in: expected)
    let bias: [Double] = try Acceptance.value("bias_change", in: expected)
    try consumer.withUnsafeBufferPointer { consumer in
      let folded = try merge.weights(consumer, outer: 3, inner: 1)
      #expect(distance(folded, new.flatMap { $0 }) < 1e-6)
      let terms = try merge.biasTerms(consumer, outer: 3, inner: 1, means: uniform(seed: 8, 6))
      #expect(distance(terms, bias) < 1e-6)
    }
    let byInput = transposed(consumer, rows: 3, columns: 6)
    try byInput.withUnsafeBufferPointer { byInput in
      let folded = try merge.weights(byInput, outer: 1, inner: 3)
      #expect(distance(transposed(folded, rows: 4, columns: 3), new.flatMap { $0 }) < 1e-6)
    }
  }

  @Test func `selections on functional similarity agree with the reference`() throws {
    let figures = try Acceptance.figures()
    let consumer = weights(seed: 9, 3, 6)
    let sigma = try Self.referenceCovariance()
    let gram = try SymmetricProduct.ofColumns(consumer, count: 6, dimension: 3)
    var similarity = FunctionalSimilarity(count: 6)
    try sigma.withUnsafeBufferPointer {
      try similarity.add(
        covariance: $0, weightNorms: (0..<6).map { gram[$0 * 6 + $0].squareRoot() })
    }
    for (key, kept) in try Acceptance.value(
      "deflated(D Sigma D)", in: figures, as: [String: [Int]].self)
    {
      let count = try #require(Int(key))
      #expect(try DeflatedCentrality.select(similarity.matrix, order: 6, count: count).kept == kept)
    }
    for (key, kept) in try Acceptance.value(
      "column-selection(D Sigma D)", in: figures, as: [String: [Int]].self)
    {
      let count = try #require(Int(key))
      #expect(try ColumnSelection.select(similarity.matrix, order: 6, count: count).kept == kept)
    }
    let surgeon = OptimalBrainSurgeon.Consumer(covariance: sigma, weightGram: gram)
    for (key, kept) in try Acceptance.value("obs", in: figures, as: [String: [Int]].self) {
      let count = try #require(Int(key))
      #expect(try OptimalBrainSurgeon.select([surgeon], order: 6, count: count).kept == kept)
    }
  }

  static func referenceCovariance() throws -> [Double] {
    var sigma = try SymmetricProduct.ofRows(weights(seed: 7, 6, 6), count: 6, dimension: 6)
    for i in 0..<6 { sigma[i * 6 + i] += 0.1 }
    return sigma
  }
}
