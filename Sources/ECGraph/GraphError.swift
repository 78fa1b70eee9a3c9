public import ECDiagnostics

/// What is wrong with a graph, or with operands that an operator is given.
public struct GraphError: DiagnosticError, Equatable {
  /// The fact itself.
  public enum Reason: Sendable, Equatable {
    /// A letter of an operator's axes stands for two extents.
    case axisDiffers(letter: String, first: Int, second: Int)
    /// An operand has another number of axes than the operator takes.
    case rank(operand: Int, expected: Int, found: Int)
    /// An operand that must be there isn't.
    case missingOperand(Int)
    /// An operand that must be an initializer is computed.
    case notConstant(operand: Int)
    /// Operands whose extents can't be broadcast together.
    case notBroadcastable([Dimension], [Dimension])
    /// A window, a slice or a crop that leaves nothing.
    case emptyResult
    /// A reshape that doesn't keep the number of elements.
    case elementCount(from: [Dimension], to: [Int])
    /// An operand or a result with more elements than anything could hold.
    case tooLarge(ValueType)
    /// Anything else an operator refuses, in its words.
    case refused(String)
    /// Two values or two nodes of one name, or an empty name.
    case notUnique(name: String)
    /// An operand that doesn't exist or is made later.
    case operandNotAvailable
    /// A node with more or fewer results than its operator makes.
    case resultCount(expected: Int, found: Int)
    /// A stored type that isn't the inferred one.
    case typeDiffers(value: String, stored: ValueType, inferred: ValueType)
    /// A graph without outputs, or with one that doesn't exist.
    case noOutput
    /// A cut that would leave an axis empty or ragged.
    case cutNotRectangular(String)
  }

  /// The fact.
  public let reason: Reason
  public let place: Place
  public var remedy: String? { nil }
  public var category: FaultCategory {
    switch reason {
    case .notUnique, .operandNotAvailable, .resultCount, .typeDiffers, .cutNotRectangular: .internal
    default: .input
    }
  }

  /// Makes an error without a place; `at(node:)` adds it on the way up.
  public init(_ reason: Reason, place: Place = Place()) {
    self.reason = reason
    self.place = place
  }

  /// This error with the node in front of its place.
  public func at(node: String) -> GraphError {
    GraphError(reason, place: Place.node(node).appending(place))
  }
}
