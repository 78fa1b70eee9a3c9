public import ECDiagnostics

/// Why a MATLAB file can't be used.
public struct MatFileError: DiagnosticError, Equatable {
  /// The fact itself.
  public enum Reason: Error, Equatable {
    /// There is no such file.
    case missing
    /// The file is broken or no MATLAB file.
    case notReadable
    /// The file is of version 7.3, which is HDF5.
    case newerVersion
    /// The file has more bytes than tables of images take.
    case tooLarge
    /// There is no such variable.
    case noVariable(String)
    /// The variable isn't an array of real numbers.
    case notNumbers(String)
  }

  /// The fact.
  public let reason: Reason
  public let place: Place

  /// Makes an error.
  public init(_ reason: Reason, at place: Place = Place()) {
    self.reason = reason
    self.place = place
  }

  public var category: FaultCategory { reason == .missing ? .missingInput : .input }
}
