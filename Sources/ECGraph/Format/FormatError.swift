public import ECDiagnostics

/// What a rule refuses in a layer or node of a source.
public struct FormatError: DiagnosticError, Equatable {
  /// The fact itself.
  public enum Reason: Sendable, Equatable {
    /// An attribute that must be there isn't.
    case missingAttribute(String)
    /// An attribute whose value can't be used.
    case badAttribute(String, value: String, expected: String)
    /// A weight that must be there isn't.
    case missingWeight(String)
    /// A weight of another shape than the configuration says.
    case weightShape(String, found: [Int], expected: [Int])
    /// A feature of the source that isn't supported.
    case unsupported(String)
    /// Operands that the operator refuses.
    case graph(GraphError)
  }

  /// The fact.
  public let reason: Reason
  public let place: Place
  public let remedy: String?
  public var category: FaultCategory { .input }

  /// Makes an error.
  public init(_ reason: Reason, place: Place = Place(), remedy: String? = nil) {
    self.reason = reason
    self.place = place
    self.remedy = remedy
  }

  /// This error inside an outer place.
  public func at(_ outer: Place) -> FormatError {
    FormatError(reason, place: outer.appending(place), remedy: remedy)
  }

  public var what: String {
    switch reason {
    case .missingAttribute(let name): "'\(name)' is missing"
    case .badAttribute(let name, let value, let expected):
      "'\(name)' is \(value), expected \(expected)"
    case .missingWeight(let name): "weight '\(name)' is missing"
    case .weightShape(let name, let found, let expected):
      "weight '\(name)': shape is \(found), expected \(expected)"
    case .unsupported(let words): words
    case .graph(let error):
      error.place.trail.isEmpty ? error.what : "\(error.place): \(error.what)"
    }
  }
}
