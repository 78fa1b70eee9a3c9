public import ECDiagnostics

/// What went wrong with a zip archive, where in it, and the words for it.
public struct ArchiveError: DiagnosticError, Equatable {
  /// The facts of a failure.
  public enum Reason: Sendable, Equatable {
    /// There is no file at the path.
    case noSuchFile
    /// The file can't be opened or read; the text is the system's.
    case unreadable(String)
    /// The directory at the file's end is missing or contradicts the rest; the text is libzip's.
    case damaged(String)
    /// An entry's name is absolute, or has a component `..`, or has no characters.
    case refusedName(String)
    /// Two entries have this name.
    case duplicateName(String)
    /// There is no entry of this name; the names that there are.
    case noSuchEntry(String, found: [String])
    /// The entry is encrypted.
    case encrypted
    /// The entry is packed by a method other than deflate; the method's number.
    case unsupportedCompression(Int)
    /// The entry claims more bytes than its packed bytes can hold, or than it may have.
    case tooLarge(claimed: UInt64, limit: UInt64)
    /// The file can't be created; the text is libzip's.
    case cannotCreate(String)
    /// A call of libzip failed; the text is libzip's.
    case library(operation: String, message: String)
  }

  /// The facts.
  public let reason: Reason
  /// The file, and the entry in it.
  public let place: Place

  /// Makes an error from facts and where they were found.
  public init(_ reason: Reason, at place: Place) {
    self.reason = reason
    self.place = place
  }
}
