public import ECDiagnostics

/// What went wrong with an HDF5 file, where in it, and the words for it.
public struct HDF5Error: DiagnosticError, Equatable {
  /// The facts of a failure.
  public enum Reason: Sendable, Equatable {
    /// There is no file at the path.
    case noSuchFile
    /// The file lacks the HDF5 signature.
    case notHDF5
    /// The file is shorter than it says; the text is libhdf5's.
    case truncated(String)
    /// The file can't be created; the text is libhdf5's.
    case cannotCreate(String)
    /// Nothing has this path.
    case noSuchObject
    /// There is a group where a dataset was wanted, or the other way round.
    case wrongKind(expected: String, found: String)
    /// A path starts with a slash, or has a component `.` or `..`, or a NUL byte.
    case refusedName
    /// Groups lie deeper in each other, or are more, than the file can hold: they are linked in
    /// circles.
    case tangledGroups
    /// The path leads into another file.
    case externalLink
    /// The numbers are kept in other files.
    case externalStorage
    /// The dataset is put together from other datasets.
    case virtualStorage
    /// The dataset is packed by a filter that this libhdf5 lacks.
    case missingFilter(number: Int, name: String)
    /// An attribute has a type that is not text.
    case attributeType(found: String)
    /// An attribute has several values where one is wanted.
    case attributeCount(Int)
    /// The elements can't be read as the numbers asked for.
    case unsupportedElement(String)
    /// The claimed size, in bytes, is beyond what a file of this size can hold.
    case tooLarge(claimed: UInt64, fileByteCount: UInt64)
    /// A dataset has no elements.
    case emptyDataset
    /// A buffer and a shape differ in their number of elements.
    case elementCount(expected: Int, found: Int)
    /// A text that HDF5 can't hold: it has a NUL byte, or a name beyond 64,512 bytes.
    case unwritableText(byteCount: Int)
    /// A call of libhdf5 failed; the message is the innermost of its error stack.
    case library(operation: String, message: String)
    /// libhdf5 broke down over the file, in a process of its own; how that ended.
    case crashed(String)
    /// libhdf5 took more processor time, in a process of its own, than any whole file needs.
    case tooSlow(seconds: Int)
    /// The process that runs libhdf5 can't be started; the system's words.
    case noReader(String)
  }

  /// The facts.
  public let reason: Reason
  /// The file, and the object or attribute in it.
  public let place: Place

  /// Makes an error from facts and where they were found.
  public init(_ reason: Reason, at place: Place) {
    self.reason = reason
    self.place = place
  }
}
