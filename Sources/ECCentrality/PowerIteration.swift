/// The robust centrality of a graph: the Perron vector of `A + ε·(d̄/n)·J`.
///
/// d̄ is the mean degree and J all ones. The small uniform link makes the vector unique and
/// positive whatever the graph (tied, bipartite, in pieces); the shift by d̄ keeps steps from
/// oscillating. So the result depends on nothing but the graph.
public struct PowerIteration: Sendable {
  /// The weight ε of the uniform link.
  public var link = 1e-2
  /// The largest change of an entry at which the vector counts as settled.
  public var tolerance = 1e-10
  /// The largest number of steps.
  public var most = 10_000

  /// Uses the settings of the method: ε = 0.01, tolerance 1e-10, 10,000 steps.
  public init() {}

  /// Where the steps ended.
  public struct Outcome: Sendable {
    /// The centralities: positive, of unit L2 norm.
    public let vector: [Double]
    /// How many steps were made; 0 for a graph without edges.
    public let iterations: Int
    /// Whether the tolerance was reached.
    public let converged: Bool
    /// The largest change of an entry in the last step.
    public let residual: Double
  }

  /// Steps from the uniform vector. O(n²) a step.
  public func run(on graph: SimilarityGraph) throws(CentralityError) -> Outcome {
    let n = graph.count
    let degree = graph.meanDegree
    var vector = [Double](repeating: n == 0 ? 0 : 1 / Double(n).squareRoot(), count: n)
    guard n > 1, degree > 0 else {
      return Outcome(vector: vector, iterations: 0, converged: true, residual: 0)
    }
    var next = vector
    var change = Double.infinity
    var steps = 0
    while steps < most, change >= tolerance {
      steps += 1
      try graph.adjacency.multiply(vector, into: &next)
      let linked = link * degree / Double(n) * vector.reduce(0, +)
      var square = 0.0
      for i in 0..<n {
        next[i] += linked + degree * vector[i]
        square += next[i] * next[i]
      }
      let length = square.squareRoot()
      change = 0
      for i in 0..<n {
        next[i] /= length
        change = max(change, abs(next[i] - vector[i]))
      }
      swap(&vector, &next)
    }
    return Outcome(
      vector: vector, iterations: steps, converged: change < tolerance, residual: change)
  }
}
