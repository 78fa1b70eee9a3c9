public import ECDiagnostics

/// What is wrong with an ONNX file, or with a graph that ONNX can't say.
public struct ONNXError: DiagnosticError, Equatable {
  /// The fact itself.
  public enum Reason: Sendable, Equatable {
    /// The file can't be opened; `errno`'s words.
    case unreadable(String, isMissing: Bool)
    /// The bytes aren't a protobuf message of the right kind.
    case malformed(String, offset: Int)
    /// Messages nested deeper than is sane.
    case nestedTooDeep(limit: Int)
    /// No graph in the model.
    case noGraph
    /// A version that isn't read.
    case version(String)
    /// A name that is given twice.
    case duplicate(kind: String, name: String)
    /// An operand that nothing makes.
    case undefined(name: String)
    /// A tensor whose data don't fit its extents.
    case tensorSize(expected: Int, found: Int)
    /// A tensor of an element type that isn't read.
    case elementType(Int)
    /// Extents that are negative, overflow, or don't fit what is stored.
    case extents([Int])
    /// External data that is refused or missing.
    case externalData(String)
    /// An input without a type or shape.
    case inputWithoutShape
    /// Operators that aren't supported: `type 'name'`, all of them.
    case unsupportedOperators([String])
    /// A node whose rule refuses it.
    case node(String)
    /// Nodes that need their own results.
    case cycle([String])
    /// Outputs of the file that the graph can't tell apart, or that are inputs.
    case outputIsAlias(of: String)
    /// Attribute values that ONNX can't hold.
    case attributeValue(String)
    /// An operator set that isn't written.
    case opsetNotWritten(Int, supported: ClosedRange<Int>)
    /// Operators that ONNX (or this opset) can't say, all of them.
    case notExpressible([String])
    /// Weights above the limit of one protobuf file.
    case tooLarge(byteCount: Int)
    /// The output can't be written; `errno`'s words.
    case cannotWrite(String)
  }

  /// The fact.
  public let reason: Reason
  public let place: Place
  public let remedy: String?

  /// Makes an error.
  public init(_ reason: Reason, at place: Place = Place(), remedy: String? = nil) {
    self.reason = reason
    self.place = place
    self.remedy = remedy ?? ONNXError.standardRemedy(reason)
  }

  public var category: FaultCategory {
    switch reason {
    case .unreadable(_, let isMissing): isMissing ? .missingInput : .input
    case .cannotWrite: .output
    case .tooLarge, .opsetNotWritten: .usage
    case .attributeValue: .internal
    default: .input
    }
  }

  /// This error inside an outer place.
  func inside(_ outer: Place) -> ONNXError {
    ONNXError(reason, at: outer.appending(place), remedy: remedy)
  }
}
