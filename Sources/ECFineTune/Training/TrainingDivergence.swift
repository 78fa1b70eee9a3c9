public import ECDiagnostics

/// A loss, or a gradient, that is no number any more.
public struct TrainingDivergence: DiagnosticError, Equatable {
  /// The step, counted from 1.
  public let step: Int
  /// The loss of that step.
  public let loss: Double

  public var what: String {
    guard loss.isFinite else {
      return "the loss is \(loss.isNaN ? "not a number" : "infinite") at step \(step)"
    }
    return "a gradient is not a number at step \(step), with a loss of \(loss)"
  }

  public var place: Place { Place() }
  public var remedy: String? { "give a lower --learning-rate" }
  public var category: FaultCategory { .input }
}
