import CZip
import ECDiagnostics
import Glibc

/// A zip archive open for reading; closed when the value goes out of scope.
///
/// Entries that are stored or deflated can be read, in archives of any size (zip64). An archive with
/// a name that leads out of it, or with a name twice, is refused as a whole.
public struct Archive: ~Copyable {
  /// One file in the archive.
  public struct Entry: Sendable, Equatable {
    /// Its path in the archive, slash-separated.
    public let name: String
    /// The number of its bytes, as the directory claims.
    public let byteCount: UInt64
    /// The number of bytes it takes in the archive.
    public let packedByteCount: UInt64
    /// Whether its bytes stand in the archive as they are.
    public let isStored: Bool
    let index: UInt64
    let method: Int
    let isEncrypted: Bool
  }

  /// The entries in the order of the directory.
  public let entries: [Entry]
  private let archive: OpaquePointer
  private let file: FileSource
  private let place: Place

  /// Opens an archive and reads its directory.
  public init(path: String) throws(ArchiveError) {
    let place = Place.file(path)
    let file = try FileSource(path: path, at: place)
    let archive = try Archive.open(file, at: place)
    do throws(ArchiveError) {
      entries = try Archive.directory(of: archive, at: place)
    } catch {
      zip_discard(archive)
      throw error
    }
    self.archive = archive
    self.file = file
    self.place = place
  }

  deinit { zip_discard(archive) }

  /// The entry of a name, or `nil`.
  public func entry(_ name: String) -> Entry? { entries.first { $0.name == name } }

  /// The entry of a name.
  /// - Throws: `ArchiveError.noSuchEntry`, with the names that there are.
  public func requiredEntry(_ name: String) throws(ArchiveError) -> Entry {
    if let entry = entry(name) { return entry }
    throw ArchiveError(.noSuchEntry(name, found: entries.map(\.name)), at: place)
  }

  /// Where the bytes of a stored entry stand in the file, so that they can be mapped.
  /// - Returns: `nil` for a deflated or empty entry.
  /// - Throws: `ArchiveError` if the entry can't be opened or reaches beyond the file.
  public func storedRange(of entry: Entry) throws(ArchiveError) -> Range<Int>? {
    guard entry.isStored, entry.byteCount > 0 else { return nil }
    let stream = try open(entry)
    defer { zip_fclose(stream) }
    // libzip doesn't tell the offset; it shows where the first byte is read from.
    var byte: UInt8 = 0
    guard zip_fread(stream, &byte, 1) == 1 else { throw failure(stream, entry) }
    let start = file.lastReadOffset
    guard let count = Int(exactly: entry.byteCount), count <= file.byteCount - start else {
      throw ArchiveError(
        .tooLarge(claimed: entry.byteCount, limit: UInt64(file.byteCount - start)),
        at: place(of: entry))
    }
    return start..<(start + count)
  }

  /// The bytes of a small entry.
  /// - Throws: `ArchiveError.tooLarge` if it claims more than `limit` bytes, before any is read.
  public func bytes(of entry: Entry, limit: Int) throws(ArchiveError) -> [UInt8] {
    guard entry.byteCount <= UInt64(limit) else {
      throw ArchiveError(
        .tooLarge(claimed: entry.byteCount, limit: UInt64(limit)), at: place(of: entry))
    }
    try checkSize(of: entry)
    var bytes = [UInt8](repeating: 0, count: Int(entry.byteCount))
    var failure: ArchiveError?
    bytes.withUnsafeMutableBytes { buffer in
      do throws(ArchiveError) { try read(entry, into: buffer) } catch { failure = error }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Refuses an entry that claims more bytes than its packed bytes can hold; call it before taking
  /// memory for the entry.
  public func checkSize(of entry: Entry) throws(ArchiveError) {
    let packed = min(entry.packedByteCount, UInt64(file.byteCount))
    let limit = entry.isStored ? packed : packed * Archive.largestRatio
    guard entry.byteCount <= limit else {
      throw ArchiveError(.tooLarge(claimed: entry.byteCount, limit: limit), at: place(of: entry))
    }
  }

  /// An entry unpacked into a file in memory, which has no name; the caller closes it.
  /// - Throws: `ArchiveError` also where there is no memory for it.
  public func unpacked(_ entry: Entry) throws(ArchiveError) -> Int32 {
    try checkSize(of: entry)
    let descriptor = eczip_memory_file()
    do throws(ArchiveError) {
      try fill(descriptor, with: entry)
    } catch {
      close(descriptor)
      throw error
    }
    return descriptor
  }

  private func fill(_ descriptor: Int32, with entry: Entry) throws(ArchiveError) {
    let count = Int(entry.byteCount)
    guard count > 0 else { return }
    var code = descriptor < 0 ? errno : posix_fallocate(descriptor, 0, count)
    var map: UnsafeMutableRawPointer?
    if code == 0 {
      map = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
      if map == MAP_FAILED { code = errno }
    }
    guard code == 0, let map else {
      throw ArchiveError(
        .library(operation: "unpacking", message: String(cString: strerror(code)).lowercased()),
        at: place(of: entry))
    }
    defer { munmap(map, count) }
    try read(entry, into: UnsafeMutableRawBufferPointer(start: map, count: count))
  }

  /// Fills a buffer of exactly the entry's size with its bytes, and checks their checksum.
  public func read(_ entry: Entry, into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError)
  {
    precondition(UInt64(buffer.count) == entry.byteCount, "a buffer of another size")
    let stream = try open(entry)
    defer { zip_fclose(stream) }
    var filled = 0
    while filled < buffer.count, let base = buffer.baseAddress {
      let count = zip_fread(stream, base + filled, UInt64(buffer.count - filled))
      if count < 0 { throw failure(stream, entry) }
      if count == 0 { throw ArchiveError(.damaged("unexpected end"), at: place(of: entry)) }
      filled += Int(count)
    }
    // The end is only met, and the checksum only compared, by reading beyond it.
    var byte: UInt8 = 0
    let rest = zip_fread(stream, &byte, 1)
    if rest < 0 { throw failure(stream, entry) }
    if rest > 0 { throw ArchiveError(.damaged("bytes beyond the end"), at: place(of: entry)) }
  }

  /// Deflate packs at best about 1030 bytes into one.
  private static let largestRatio: UInt64 = 1100

  private func open(_ entry: Entry) throws(ArchiveError) -> OpaquePointer {
    let here = place(of: entry)
    if entry.isEncrypted { throw ArchiveError(.encrypted, at: here) }
    guard entry.method == ZIP_CM_STORE || entry.method == ZIP_CM_DEFLATE else {
      throw ArchiveError(.unsupportedCompression(entry.method), at: here)
    }
    guard let stream = zip_fopen_index(archive, entry.index, 0) else {
      throw ArchiveError(.damaged(String(cString: zip_strerror(archive))), at: here)
    }
    return stream
  }

  private func failure(_ stream: OpaquePointer, _ entry: Entry) -> ArchiveError {
    let message = String(cString: zip_file_strerror(stream))
    return ArchiveError(.damaged(message), at: place(of: entry))
  }

  private func place(of entry: Entry) -> Place {
    place.appending(Place(["entry '\(entry.name)'"]))
  }

  private static func open(_ file: FileSource, at place: Place) throws(ArchiveError)
    -> OpaquePointer
  {
    var error = zip_error_t()
    zip_error_init(&error)
    defer { zip_error_fini(&error) }
    guard let source = file.makeSource(&error) else {
      throw ArchiveError(
        .library(operation: "opening", message: String(cString: zip_error_strerror(&error))),
        at: place)
    }
    guard let archive = zip_open_from_source(source, ZIP_RDONLY, &error) else {
      zip_source_free(source)
      throw ArchiveError(.damaged(String(cString: zip_error_strerror(&error))), at: place)
    }
    return archive
  }

  private static func directory(of archive: OpaquePointer, at place: Place) throws(ArchiveError)
    -> [Entry]
  {
    var entries: [Entry] = []
    var names: Set<String> = []
    for index in 0..<UInt64(max(0, zip_get_num_entries(archive, 0))) {
      var status = zip_stat_t()
      zip_stat_init(&status)
      let wanted = UInt64(
        ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD
          | ZIP_STAT_ENCRYPTION_METHOD)
      guard zip_stat_index(archive, index, 0, &status) == 0, status.valid & wanted == wanted,
        let text = status.name
      else {
        throw ArchiveError(.damaged(String(cString: zip_strerror(archive))), at: place)
      }
      let name = String(cString: text)
      guard !name.isEmpty, !name.hasPrefix("/"), !name.hasPrefix("\\"),
        !name.split(whereSeparator: { $0 == "/" || $0 == "\\" }).contains("..")
      else { throw ArchiveError(.refusedName(name), at: place) }
      guard names.insert(name).inserted else {
        throw ArchiveError(.duplicateName(name), at: place)
      }
      entries.append(
        Entry(
          name: name, byteCount: status.size, packedByteCount: status.comp_size,
          isStored: Int32(status.comp_method) == ZIP_CM_STORE
            && Int32(status.encryption_method) == ZIP_EM_NONE,
          index: index, method: Int(status.comp_method),
          isEncrypted: Int32(status.encryption_method) != ZIP_EM_NONE))
    }
    return entries
  }
}
