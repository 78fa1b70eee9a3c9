public import ECDiagnostics

/// A loss, or a gradient, that is no number any more.
public struct TrainingDivergence: DiagnosticError, Equatable {
  /// The step, counted from 1.
  public let step: Int
  /// The loss of that step.
  public let loss: Double

  public var what: String {
    loss.isFinite
      ? "a gradient is not a number at step \(step), with a loss of \(loss)"
      : "the loss is \(loss) at step \(step)"
  }

  public var place: Place { Place() }
  public var remedy: String? { "use a lower learning rate, or a longer warm-up" }
  public var category: FaultCategory { .input }
}
