public import ECDiagnostics

/// Why an image, or a folder of images, can't be used.
public struct ImageError: DiagnosticError, Equatable {
  /// The fact itself.
  public enum Reason: Sendable, Equatable {
    /// The file can't be read, in the system's words.
    case cannotRead(message: String, isMissing: Bool)
    /// The bytes are neither JPEG nor PNG.
    case unknownFormat
    /// The decoder's words: the file is broken or cut short.
    case broken(String)
    /// A folder in which there is no file named as an image.
    case noImages
    /// A folder of images none of which can be decoded.
    case allBroken(count: Int)

    /// One of each, for tests of the messages.
    public static let samples: [Reason] = [
      .cannotRead(message: "Permission denied", isMissing: false), .unknownFormat,
      .broken("Premature end of JPEG file"), .noImages, .allBroken(count: 3),
    ]
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
    if case .cannotRead(_, isMissing: true) = reason { return .missingInput }
    return .input
  }
}
