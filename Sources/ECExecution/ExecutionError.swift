public import ECDiagnostics

/// Why a graph can't be run.
public struct ExecutionError: DiagnosticError, Equatable {
  /// The fact itself.
  public enum Reason: Sendable, Equatable {
    /// An extent of an input that is known only at run time was not given.
    case openExtent(input: String, axis: Int)
    /// An input of another shape than the evaluator was made for.
    case inputShape(input: String, found: [Int], expected: [Int])
    /// Another number of inputs than the graph has.
    case inputCount(found: Int, expected: Int)
    /// Operators, each with its place, that have no gradient or can't be run.
    case notTrainable([String])
    /// A loss needs one output.
    case outputCount(Int)
    /// A gradient is asked for by a value that the output doesn't depend on.
    case valueNotRead
    /// A run that takes more memory, in bytes, than there is.
    case memory(needed: Int, available: Int)
    /// An operator refuses to be lowered, or a kernel fails, in their words.
    case kernel(String)
  }

  /// The fact.
  public let reason: Reason
  public let place: Place

  /// Makes an error.
  public init(_ reason: Reason, at place: Place = Place()) {
    self.reason = reason
    self.place = place
  }

  public var category: FaultCategory {
    if case .kernel = reason { return .internal }
    return .input
  }

  public var what: String {
    switch reason {
    case .openExtent(let input, let axis):
      "axis \(axis) of input '\(input)' is known only at run time"
    case .inputShape(let input, let found, let expected):
      "input '\(input)' is \(found), expected \(expected)"
    case .inputCount(let found, let expected): "\(found) inputs were given, expected \(expected)"
    case .notTrainable(let operators):
      "\(operators.count) operator\(operators.count == 1 ? "" : "s") can't be trained through"
    case .outputCount(let count): "the model has \(count) outputs, training needs one"
    case .valueNotRead: "the output depends on less than was asked for"
    case .memory(let needed, let available):
      "running it takes \(Quantity.bytes(needed)) of memory or more, this process may have "
        + Quantity.bytes(available)
    case .kernel(let words): words
    }
  }

  public var details: [String] {
    if case .notTrainable(let operators) = reason { return operators }
    return []
  }

  public var remedy: String? {
    switch reason {
    case .openExtent(let input, _): "give --input-shape \(input):…"
    case .memory: "take a smaller batch or input, or let the process have more memory"
    default: nil
    }
  }
}
