public import ECDiagnostics

/// A fault of a batch as a whole; faults of single jobs are outcomes, not errors.
public struct BatchError: DiagnosticError, Equatable {
  /// The fact itself.
  public enum Reason: Sendable, Equatable {
    /// The jobs file isn't there or can't be read.
    case cannotRead(message: String, isMissing: Bool)
    /// The jobs file is neither JSON nor YAML.
    case notParsed(String)
    /// The jobs file says something else than its schema allows.
    case malformed(String)
    /// Neither arguments nor the jobs file name a model.
    case noJobs
    /// A pattern or folder that no model matches.
    case nothingMatches(String)
    /// Two jobs would write the same file.
    case sameOutput(String, inputs: [String])
    /// Outputs that exist, without leave to replace them or to go on.
    case outputsExist([String])
    /// The output folder can't be made or written.
    case cannotWrite(message: String)
    /// Another batch works in the same output folder.
    case locked
    /// A job's process couldn't be started.
    case cannotStart(message: String)
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
    case .notParsed, .malformed: .input
    case .noJobs, .sameOutput: .usage
    case .nothingMatches: .missingInput
    case .outputsExist, .cannotWrite, .locked: .output
    case .cannotStart: .internal
    }
  }

  /// One of each reason, for the test of messages.
  public static let samples: [BatchError] = [
    BatchError(
      .cannotRead(message: "no such file or directory", isMissing: true), at: .file("a.yaml")),
    BatchError(.notParsed("a comma or '}' is missing at byte 12"), at: .file("a.json")),
    BatchError(.malformed("a job has no input"), at: .file("a.json")),
    BatchError(.noJobs),
    BatchError(.nothingMatches("models/*.h5")),
    BatchError(.sameOutput("a.onnx", inputs: ["a.h5", "a.keras"])),
    BatchError(.outputsExist(["a.onnx", "b.onnx"]), at: .file("out")),
    BatchError(.cannotWrite(message: "permission denied"), at: .file("out")),
    BatchError(.locked, at: .file("out")),
    BatchError(.cannotStart(message: "resource temporarily unavailable"), at: .file("a.h5")),
  ]
}
