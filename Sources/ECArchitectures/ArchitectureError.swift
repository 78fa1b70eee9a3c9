public import ECDiagnostics

/// Why an architecture can't be drawn, or why weights don't belong to it.
public struct ArchitectureError: DiagnosticError, Equatable {
  /// The fact itself.
  public enum Reason: Sendable, Equatable {
    /// No architecture has this name; those whose names are like it.
    case unknownName(String, similar: [String])
    /// No option has this name.
    case unknownOption(String)
    /// An option's value; what is expected instead.
    case badValue(option: String, String, String)
    /// An option that this architecture doesn't have.
    case foreignOption(String, architecture: String)
    /// Pooling is asked for as well as the classifier.
    case poolingWithTop
    /// The size of images is left open where weights depend on it.
    case openSize(architecture: String)
    /// Images smaller than the architecture takes.
    case smallImage(architecture: String, side: Int, least: Int)
    /// The weights don't belong to the architecture: what differs, and what they may belong to.
    case mismatch(architecture: String, differences: [String], candidates: [String])
    /// The weights are those of a model that had this name in earlier releases; what was different.
    case formerModel(architecture: String, difference: String)
    /// Nothing tells whether the EfficientNet was made for its released weights.
    case imagenetUnknown(architecture: String)
  }

  /// The fact.
  public let reason: Reason
  public let place: Place

  /// Makes an error.
  public init(_ reason: Reason, at place: Place = .option("--arch")) {
    self.reason = reason
    self.place = place
  }
}
