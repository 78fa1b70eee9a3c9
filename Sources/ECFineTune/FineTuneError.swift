public import ECDiagnostics

/// Why a model can't be fine-tuned on some data.
public struct FineTuneError: DiagnosticError, Equatable {
  /// The fact itself.
  public enum Reason: Sendable, Equatable {
    /// A folder in which there are neither folders of images nor another known layout.
    case noClasses
    /// A folder with folders for the splits, but none for training.
    case noTrainingSplit(found: [String])
    /// Classes without an image that can be used.
    case emptyClasses([String])
    /// Only one class, so that there is nothing to tell apart.
    case oneClass(String)
    /// A class that a split has and training hasn't.
    case unknownClass(String, split: String)
    /// A line of a table that doesn't say a path and a label.
    case badRow(line: Int, String)
    /// Files that the data names and that aren't there.
    case missingFiles(count: Int, first: String)
    /// An array that can't be used, and why.
    case badArray(String)
    /// A file that can't be read, in the system's words.
    case cannotRead(message: String, isMissing: Bool)
    /// A file that can't be written, in the system's words.
    case cannotWrite(message: String)
    /// A number that is none, where it came up.
    case notANumber(String)
    /// A matrix routine fails, in its words.
    case numbers(String)
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
    switch reason {
    case .cannotRead(_, isMissing: true): .missingInput
    case .cannotWrite: .output
    case .numbers: .internal
    default: .input
    }
  }
}
