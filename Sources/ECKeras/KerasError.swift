public import ECDiagnostics

/// What is wrong with a Keras file.
public struct KerasError: DiagnosticError {
  /// The fact itself.
  public enum Reason: Sendable, Equatable {
    /// The file can't be opened or isn't HDF5, in the words of the reader.
    case unreadable(String)
    /// There is no such file.
    case missingFile
    /// There are weights, but no architecture.
    case weightsOnly(isVersion3: Bool)
    /// HDF5 that isn't a Keras model; the members of its root.
    case notKeras(members: [String])
    /// The configuration isn't JSON.
    case configuration(String, offset: Int)
    /// A key of the configuration is missing or has a value that can't be used.
    case key(String)
    /// A subclassed model, whose architecture is code.
    case subclassed(String)
    /// Layers that aren't supported: `class 'name'`, all of them.
    case unsupportedLayers([String])
    /// A weight that `weight_names` lists isn't in the file.
    case incomplete(dataset: String)
    /// Weights of a layer that don't fit its configuration.
    case weights(expected: [String], found: [String])
    /// The weights of a nested model can't be assigned to its layers.
    case nestedWeights([String])
    /// A layer refuses its configuration or operands.
    case layer(FormatFault)
    /// A reference to a layer or call that doesn't exist.
    case reference(String)
  }

  /// What a layer's rule says.
  public struct FormatFault: Sendable, Equatable {
    /// The words.
    public let what: String
    /// What to do.
    public let remedy: String?
  }

  /// The fact.
  public let reason: Reason
  public let place: Place

  /// Makes an error.
  public init(_ reason: Reason, at place: Place) {
    self.reason = reason
    self.place = place
  }

  public var category: FaultCategory {
    reason == .missingFile ? .missingInput : .input
  }
}
