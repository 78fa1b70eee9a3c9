import ECBLAS
import ECRandom

/// The largest eigenvalue of a graph's adjacency and its distance to the next.
public struct DominantEigenvalues: Sendable, Equatable {
  /// The largest eigenvalue λ₁.
  public let largest: Double
  /// λ₁ - λ₂, where it is known: always up to 256 nodes, above where Lanczos settled both.
  ///
  /// Above 256 nodes equal eigenvalues count once.
  public let gap: Double?

  /// The largest order at which all eigenvalues are computed.
  static let largestDense = 256

  /// Finds them for a graph; `near` is a vector close to the principal one.
  public init(of graph: SimilarityGraph, near: [Double]) throws(CentralityError) {
    let n = graph.count
    if n < 2 || graph.edges == 0 {
      (largest, gap) = (0, n < 2 ? nil : 0)
    } else if n <= Self.largestDense {
      let matrix = (0..<n * n).map { graph.adjacency[$0 / n, $0 % n] }
      let values = try algebra { () throws(BLASError) in
        try SymmetricEigenvalues.values(of: matrix, order: n)
      }
      (largest, gap) = (values[n - 1], values[n - 1] - values[n - 2])
    } else {
      (largest, gap) = try Self.lanczos(graph.adjacency, near: near)
    }
  }

  /// Lanczos with full reorthogonalisation, at most 80 steps, to a residual of 1e-9·λ₁.
  private static func lanczos(
    _ a: SymmetricMatrix, near: [Double]
  ) throws(CentralityError) -> (Double, Double?) {
    let n = a.order
    let most = min(80, n)
    var basis: [Double] = []
    basis.reserveCapacity(most * n)
    // A little of every direction, so that no eigenvector is orthogonal to the start.
    var generator = SplitMix64(seed: 1)
    let noise = 0.1 / Double(n).squareRoot()
    var current = near.map { $0 + noise * (2 * generator.unit() - 1) }
    var image = current
    var diagonal: [Double] = []
    var beside: [Double] = []
    var length = norm(current)
    var found: (Double, Double?) = (0, nil)
    for step in 1...most {
      basis.append(contentsOf: current.map { $0 / length })
      current = Array(basis.suffix(n))
      try a.multiply(current, into: &image)
      diagonal.append(dot(image, current))
      for _ in 0..<2 {
        let parts = try algebra { () throws(BLASError) in
          try MatrixMultiply.vector(basis, rows: step, columns: n, image)
        }
        let sum = try algebra { () throws(BLASError) in
          try MatrixMultiply.vector(basis, transposed: true, rows: step, columns: n, parts)
        }
        for i in 0..<n { image[i] -= sum[i] }
      }
      length = norm(image)
      if step % 5 == 0 || step == most || length < 1e-12 {
        let (settled, values) = try ritz(diagonal, beside, next: length)
        found = values
        if settled || length < 1e-12 { break }
      }
      beside.append(length)
      swap(&current, &image)
    }
    return found
  }

  /// The two largest values of the projected matrix, and whether the first is settled.
  private static func ritz(
    _ diagonal: [Double], _ beside: [Double], next: Double
  ) throws(CentralityError) -> (settled: Bool, values: (Double, Double?)) {
    let m = diagonal.count
    var projected = [Double](repeating: 0, count: m * m)
    for i in 0..<m { projected[i * m + i] = diagonal[i] }
    for i in 1..<max(1, m) { projected[(i - 1) * m + i] = beside[i - 1] }
    let (values, vectors) = try algebra { () throws(BLASError) in
      try SymmetricEigenvalues.pairs(of: projected, order: m)
    }
    let first = values[m - 1]
    let firstError = next * abs(vectors[(m - 1) * m + m - 1])
    var gap: Double?
    if m > 1, next * abs(vectors[(m - 2) * m + m - 1]) <= 1e-4 * abs(first) {
      gap = first - values[m - 2]
    }
    return (firstError <= 1e-9 * abs(first), (first, gap))
  }
}

func dot(_ x: [Double], _ y: [Double]) -> Double {
  var sum = 0.0
  for i in 0..<x.count { sum += x[i] * y[i] }
  return sum
}

func norm(_ x: [Double]) -> Double { dot(x, x).squareRoot() }
