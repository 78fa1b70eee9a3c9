/// How the units of one group rank.
public struct GroupScores: Sendable {
  /// Facts about the similarity graph that ranked the units.
  public struct GraphFacts: Sendable, Equatable {
    /// How many pairs have an edge.
    public let edges: Int
    /// How many units have none.
    public let isolated: Int
    /// How many connected components there are.
    public let components: Int
    /// How many steps the iteration made.
    public let iterations: Int
    /// The largest change in the last step.
    public let residual: Double
    /// Whether the iteration reached its tolerance.
    public let converged: Bool
    /// The threshold as a number.
    public let threshold: Double
  }

  /// All units, best first.
  public let order: [Int]
  /// The score of each unit, by unit.
  public let scores: [Double]
  /// Facts of the similarity graph, where there was one.
  public let graph: GraphFacts?
  /// A remark for the user.
  public let note: String?

  /// Ranks units by score, the larger first; equal ones by index.
  public init(scores: [Double], note: String? = nil) {
    self.init(
      order: scores.indices.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 },
      scores: scores, note: note)
  }

  init(order: [Int], scores: [Double], graph: GraphFacts? = nil, note: String? = nil) {
    self.order = order
    self.scores = scores
    self.graph = graph
    self.note = note
  }

  /// The best units, ascending.
  public func kept(_ count: Int) -> [Int] { order.prefix(max(0, count)).sorted() }

  /// Scores to compare with those of other groups, by rank: divided by their mean, never rising.
  var standing: [Double] {
    let sum = scores.reduce(0, +)
    let scale = sum > 0 && sum.isFinite ? Double(scores.count) / sum : 1
    var least = Double.infinity
    return order.map { unit in
      least = min(least, scores[unit] * scale)
      return least
    }
  }
}
