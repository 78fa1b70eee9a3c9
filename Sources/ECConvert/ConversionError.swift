public import ECDiagnostics

/// A failure of a conversion, with the stage in which it happened.
public struct ConversionError: DiagnosticError {
  /// The stage, as a noun: `import`, `plan`, `removal`, `export`, `verification`.
  public let stage: String
  /// What went wrong.
  public let underlying: any DiagnosticError

  /// Wraps a failure.
  public init(stage: String, _ underlying: any DiagnosticError) {
    self.stage = stage
    self.underlying = underlying
  }

  public var what: String { underlying.what }
  public var place: Place { underlying.place }
  public var remedy: String? { underlying.remedy }
  public var category: FaultCategory { underlying.category }
  public var details: [String] { underlying.details }
}

/// Faults that only a whole conversion can have.
public struct ConversionFault: DiagnosticError, Equatable {
  /// The fact itself.
  public enum Reason: Sendable, Equatable {
    /// The input doesn't exist or can't be opened.
    case cannotRead(message: String, isMissing: Bool)
    /// The input is no model that is read.
    case unknownFormat(found: String)
    /// The input is something else that is known.
    case foreignFormat(ForeignFormat)
    /// The output's extension names no format that is written.
    case unknownOutput(extension: String)
    /// The output exists and isn't an earlier result of the same command.
    case outputExists
    /// The output's folder can't be written.
    case cannotWrite(message: String)
    /// Source and result differ.
    case differs(output: String, difference: Double, relative: Double, tolerance: Double)
    /// Options that exclude each other, or that lack another.
    case options(String)
    /// An input of the model that `--input-shape` names isn't there.
    case noSuchInput(name: String, inputs: [String])
    /// A shape without a name where several inputs could be meant.
    case unnamedShape(inputs: [String])
    /// A shape that contradicts an extent that the source fixes.
    case shapeDoesNotFit([Int], input: String, type: String)
    /// A model built for one batch that computes something else with another.
    case batchIsBaked(from: Int, to: Int, relative: Double?)
    /// A model built for one batch, with a node that may depend on it and can't be run.
    case batchUnproven(node: String)
    /// An input whose images may have their channels at either end.
    case layoutUnknown(input: String, type: String)
    /// The file that `--arch` names holds no JSON.
    case badArchitecture(found: String)
    /// A source that can't be run to compare with, in the executor's words.
    case cannotRun(String)
    /// Calibration data that doesn't fit the model.
    case calibration(String)
    /// A criterion that needs the classes of images, and data that has none, if any was given.
    case noLabels(found: String?)
    /// A teacher that doesn't fit the data.
    case teacher(String)
    /// A target on the result that no pruning meets: what was wanted, and what is nearest to it.
    case unreachable(target: String, least: String)
    /// A limit on the loss of accuracy, in percentage points, and what is within it.
    case accuracy(allowed: Double, reachable: String)
    /// A file of sensitivities of another model, or measured with other options.
    case otherSensitivities(isModel: Bool)
    /// No engine runs the model.
    case cannotMeasure(String)
  }

  /// The fact.
  public let reason: Reason
  public let place: Place

  /// Makes a fault.
  public init(_ reason: Reason, at place: Place = Place()) {
    self.reason = reason
    self.place = place
  }

  public var category: FaultCategory {
    switch reason {
    case .cannotRead(_, let isMissing): isMissing ? .missingInput : .input
    case .unknownFormat, .foreignFormat, .badArchitecture, .cannotRun, .calibration, .teacher,
      .batchIsBaked,
      .batchUnproven, .cannotMeasure:
      .input
    case .unknownOutput, .options, .noSuchInput, .unnamedShape, .shapeDoesNotFit, .layoutUnknown,
      .noLabels, .otherSensitivities:
      .usage
    case .unreachable, .accuracy: .unreachable
    case .outputExists, .cannotWrite: .output
    case .differs: .verification
    }
  }
}
