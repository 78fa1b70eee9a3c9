/// The score of the paper: how central a channel is in the graph of similar weights.
///
/// Source: arXiv 2512.12543; cosine of weight vectors, edges above τ, principal eigenvector. The
/// threshold, the direction and the treatment of ties and gaps are ours, see `PowerIteration`.
public struct EigenvectorCentrality: Sendable {
  /// Which end of the scores is kept.
  public enum Direction: String, Sendable, CaseIterable {
    /// The most central channels.
    case central
    /// The least central ones.
    case peripheral
  }

  /// The similarity above which channels are joined.
  public var threshold = SimilarityThreshold.value(0)
  /// Which similarities count.
  public var sign = SimilarityGraph.Sign.positive
  /// Which channels are kept.
  public var direction = Direction.central
  /// How the eigenvector is found.
  public var iteration = PowerIteration()

  /// Uses the paper's form: τ = 0, positive similarities, most central channels kept.
  public init(
    threshold: SimilarityThreshold = .value(0), sign: SimilarityGraph.Sign = .positive,
    direction: Direction = .central
  ) {
    self.threshold = threshold
    self.sign = sign
    self.direction = direction
  }

  /// Scores the channels. O(n²) a step, typically 30 to 200 steps.
  public func score(_ similarity: consuming CosineSimilarity) throws(CentralityError) -> Outcome {
    let norms = similarity.norms
    let graph = try SimilarityGraph(similarity, threshold: threshold, sign: sign)
    let steps = try iteration.run(on: graph)
    let eigenvalues = try DominantEigenvalues(of: graph, near: steps.vector)
    return Outcome(
      scores: steps.vector, norms: norms, direction: direction, threshold: graph.threshold,
      edges: graph.edges, isolated: graph.isolated, components: graph.components,
      iterations: steps.iterations, converged: steps.converged, residual: steps.residual,
      largestEigenvalue: eigenvalues.largest, gap: eigenvalues.gap)
  }

  /// The scores of a group and the facts of its graph.
  public struct Outcome: Sendable {
    /// The centrality of each channel: positive, unit L2 norm; uniform for a graph without edges.
    public let scores: [Double]
    /// The L2 norm of each channel's weights, in mean norms.
    public let norms: [Double]
    /// Which channels are kept.
    public let direction: Direction
    /// The threshold τ as a number.
    public let threshold: Double
    /// How many pairs have an edge.
    public let edges: Int
    /// How many channels have none.
    public let isolated: Int
    /// How many connected components there are, isolated channels included.
    public let components: Int
    /// How many steps the iteration made.
    public let iterations: Int
    /// Whether it reached its tolerance.
    public let converged: Bool
    /// The largest change of a score in the last step.
    public let residual: Double
    /// The largest eigenvalue λ₁ of the adjacency.
    public let largestEigenvalue: Double
    /// λ₁ - λ₂ where known.
    public let gap: Double?

    /// Whether no pair is similar enough, so that the norms rank instead.
    public var fallsBackToNorms: Bool { edges == 0 }
    /// Whether more than a fifth of the channels have no edge: their scores say nothing.
    public var hasManyIsolated: Bool { isolated * 5 > scores.count }

    /// All channels, best first: by score, then larger norm, then lower index.
    ///
    /// Scores count as equal within 1e-9 of the largest.
    public var ranking: [Int] {
      guard !fallsBackToNorms, let top = scores.max() else {
        return rank([Double](repeating: 0, count: scores.count))
      }
      let sign = direction == .central ? 1.0 : -1.0
      return rank(scores.map { sign * ($0 / (top * 1e-9)).rounded() })
    }

    /// The channels to keep, ascending; all of them where `count` is as large.
    public func keep(_ count: Int) -> [Int] { ranking.prefix(max(0, count)).sorted() }

    private func rank(_ keys: [Double]) -> [Int] {
      keys.indices.sorted { one, other in
        if keys[one] != keys[other] { return keys[one] > keys[other] }
        if norms[one] != norms[other] { return norms[one] > norms[other] }
        return one < other
      }
    }
  }
}
