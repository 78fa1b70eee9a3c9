/// An error that a person can act on: what is wrong, where, and what to do about it.
///
/// `what` is one clause in lower case without a full stop, with both numbers where two disagree.
public protocol DiagnosticError: Error, Sendable {
  /// What is wrong.
  var what: String { get }
  /// Where it is.
  var place: Place { get }
  /// What the user can do, where that is known.
  var remedy: String? { get }
  /// The fault's class, which decides the exit code of the command.
  var category: FaultCategory { get }
  /// Further findings of the same kind, one line each.
  var details: [String] { get }
}

extension DiagnosticError {
  /// No further findings.
  public var details: [String] { [] }
}

/// The classes of faults, each with the exit code that the command line documents.
public enum FaultCategory: Int32, Sendable, CaseIterable {
  /// Options or arguments that make no sense.
  case usage = 64
  /// The input is broken, is not a model, or has operators that can't be carried.
  case input = 65
  /// There is no such input.
  case missingInput = 66
  /// A target can't be reached.
  case unreachable = 69
  /// A fault of this program.
  case `internal` = 70
  /// The output can't be written.
  case output = 73
  /// Some of a batch failed.
  case partial = 75
  /// The result differs from what it must equal.
  case verification = 76
  /// Stopped by a signal.
  case interrupted = 130
}
