public import ECDiagnostics
import ECCentrality
public import ECGraph

/// Why channels can't be scored, chosen or removed.
public struct PruningError: DiagnosticError, Equatable {
  /// The facts of a fault.
  public enum Reason: Sendable, Equatable {
    /// A pattern that no layer's name matches, with the names nearest to it.
    case nothingMatches(pattern: String, nearest: [String])
    /// A share that isn't at least 0 and less than 1.
    case ratio(Double)
    /// A number that must be at least 1.
    case tooSmall(String, Int)
    /// A target that can't be met: what was wanted, the least that can be reached, and what there is
    /// without pruning.
    case unreachable(quantity: String, wanted: Int, reachable: Int, whole: Int)
    /// Sensitivities that don't list a prunable group.
    case noSensitivity(layers: [String])
    /// Sensitivities that aren't JSON, or not of their form.
    case sensitivitiesUnreadable(String)
    /// A plan that isn't JSON, or not of the plan's form.
    case planUnreadable(String)
    /// Layers of a plan that are no prunable group of the model.
    case unknownGroup(layers: [String], nearest: [String])
    /// A group that has another number of channels than the plan says.
    case channelCount(plan: Int, model: Int)
    /// A kept index outside the group.
    case indexOutOfRange(index: Int, count: Int)
    /// Kept indices that don't ascend.
    case notAscending(index: Int, after: Int)
    /// Fewer kept channels than the group needs.
    case belowMinimum(kept: Int, minimum: Int)
    /// A channel that must stay, and why.
    case mustStay(index: Int, reason: String)
    /// An axis that would lose all its positions.
    case emptyAxis
    /// A plan or scores made for another model.
    case differentModel
    /// The graph refused the removal.
    case graph(GraphError)
    /// The scores could not be computed.
    case scores(String)
  }

  /// The fault.
  public let reason: Reason
  public let place: Place

  /// Makes an error.
  public init(_ reason: Reason, at place: Place = Place()) {
    self.reason = reason
    self.place = place
  }

  /// Wraps a fault of the scoring mathematics in a group of layers.
  init(_ error: CentralityError, layers: [String]) {
    self.init(.scores(error.what), at: .layer(layers.first ?? ""))
  }

  /// Wraps a fault of the graph.
  init(_ error: GraphError) {
    self.init(.graph(GraphError(error.reason)), at: error.place)
  }
}
