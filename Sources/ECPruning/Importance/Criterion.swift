public import ECCentrality

/// By what channels are ranked.
public enum Criterion: Sendable {
  /// Eigenvector centrality on the similarity of what channels do to the next layers, each kept
  /// channel being taken out before the next is chosen. Needs statistics; L2 norms without them.
  case centrality
  /// Eigenvector centrality on the cosine similarity of weights (arXiv 2512.12543).
  case paper(EigenvectorCentrality)
  /// Optimal brain surgeon on statistics; L2 norms without them.
  case obs
  /// The sum of magnitudes of a channel's weights.
  case l1
  /// The Euclidean norm of a channel's weights.
  case l2
  /// The sum of distances to the weights of the other channels of its producer.
  case fpgm
  /// The magnitude of the scale of the batch normalization behind; L2 norms where there is none.
  case batchNormScale
  /// Numbers of a seed.
  case random(seed: UInt64)
  /// Scores made elsewhere, one per unit and group, larger ones kept; `name` is shown to people.
  case given(name: String, scores: [[Double]])

  /// The name on the command line.
  public var name: String {
    switch self {
    case .centrality: "centrality"
    case .paper: "paper"
    case .obs: "obs"
    case .l1: "l1"
    case .l2: "l2"
    case .fpgm: "fpgm"
    case .batchNormScale: "bn-scale"
    case .random: "random"
    case .given(let name, _): name
    }
  }

  /// Whether it ranks by what runs through the network.
  public var needsStatistics: Bool {
    switch self {
    case .centrality, .obs: true
    default: false
    }
  }
}
