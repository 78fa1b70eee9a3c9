public import ECDiagnostics

extension ArchiveError {
  public var what: String {
    switch reason {
    case .noSuchFile: "no such file"
    case .unreadable(let text): "can't be read (\(text))"
    case .damaged(let text): "the archive is cut short or damaged (\(text))"
    case .refusedName(let name): "an entry has the name '\(name)', which leads out of the archive"
    case .duplicateName(let name): "two entries have the name '\(name)'"
    case .noSuchEntry(let name, let found):
      found.isEmpty
        ? "there is no '\(name)' in the archive, which is empty"
        : "there is no '\(name)' in the archive; it holds "
          + found.prefix(6).map { "'\($0)'" }.joined(separator: ", ")
          + (found.count > 6 ? " and \(found.count - 6) more" : "")
    case .encrypted: "the entry is encrypted"
    case .unsupportedCompression(let method):
      "the entry is packed by method \(method), expected stored (0) or deflated (8)"
    case .tooLarge(let claimed, let limit):
      "the entry claims \(claimed) bytes, but can have at most \(limit)"
    case .cannotCreate(let text): "can't be created (\(text))"
    case .library(let operation, let message): "\(operation) failed (\(message))"
    }
  }

  public var remedy: String? {
    switch reason {
    case .damaged: "get the file again; this copy is incomplete"
    case .refusedName, .duplicateName: "pack the archive again from files you trust"
    case .encrypted: "unpack the archive and pack it again without a password"
    case .unsupportedCompression: "unpack the archive and pack it again with 'zip -0'"
    default: nil
    }
  }

  public var category: FaultCategory {
    switch reason {
    case .noSuchFile: .missingInput
    case .cannotCreate: .output
    default: .input
    }
  }

  /// One error of each reason, for tests of the words.
  public static let samples: [ArchiveError] = {
    let file = Place.file("model.keras")
    let entry = file.appending(Place(["entry 'config.json'"]))
    return [
      ArchiveError(.noSuchFile, at: file), ArchiveError(.unreadable("permission denied"), at: file),
      ArchiveError(.damaged("Not a zip archive"), at: file),
      ArchiveError(.refusedName("../config.json"), at: file),
      ArchiveError(.duplicateName("config.json"), at: file),
      ArchiveError(.noSuchEntry("config.json", found: ["a", "b"]), at: file),
      ArchiveError(.noSuchEntry("config.json", found: []), at: file),
      ArchiveError(.encrypted, at: entry), ArchiveError(.unsupportedCompression(14), at: entry),
      ArchiveError(.tooLarge(claimed: 1 << 40, limit: 4096), at: entry),
      ArchiveError(.cannotCreate("Permission denied"), at: file),
      ArchiveError(.library(operation: "reading", message: "CRC error"), at: entry),
    ]
  }()
}
