import CZip
import ECDiagnostics
import Glibc

/// A new zip archive: stored entries, in the order they were added.
///
/// Equal calls give equal bytes: all entries are dated 1980. The bytes of each entry begin at a
/// multiple of 64 in the file, so that readers may map them. Nothing is written before `finish()`.
public struct ArchiveWriter: ~Copyable {
  private var archive: OpaquePointer?
  private let place: Place
  /// Where the next entry begins.
  private var offset = 0

  /// Prepares an archive; an existing file is replaced by `finish()`.
  public init(creating path: String) throws(ArchiveError) {
    let place = Place.file(path)
    var code: Int32 = 0
    guard let archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code) else {
      var error = zip_error_t()
      zip_error_init_with_code(&error, code)
      defer { zip_error_fini(&error) }
      throw ArchiveError(.cannotCreate(String(cString: zip_error_strerror(&error))), at: place)
    }
    self.archive = archive
    self.place = place
  }

  deinit { if let archive { zip_discard(archive) } }

  /// Adds an entry of given bytes.
  public mutating func add(_ name: String, bytes: [UInt8]) throws(ArchiveError) {
    // libzip frees the copy
    guard let copy = malloc(max(bytes.count, 1)) else { throw failure("adding '\(name)'") }
    bytes.withUnsafeBytes { bytes in
      if let start = bytes.baseAddress { copy.copyMemory(from: start, byteCount: bytes.count) }
    }
    guard let source = zip_source_buffer(archive, copy, UInt64(bytes.count), 1) else {
      free(copy)
      throw failure("adding '\(name)'")
    }
    try add(name, source, byteCount: bytes.count)
  }

  /// Adds an entry with the bytes of a file, which must stay there until `finish()`.
  public mutating func add(_ name: String, contentsOf path: String) throws(ArchiveError) {
    let file = try FileSource(path: path, at: Place.file(path))
    var error = zip_error_t()
    zip_error_init(&error)
    defer { zip_error_fini(&error) }
    guard let source = file.makeSource(&error) else { throw failure("adding '\(name)'") }
    try add(name, source, byteCount: file.byteCount)
  }

  /// Writes the archive; throws where the disk didn't take it, and leaves no file then.
  public consuming func finish() throws(ArchiveError) {
    guard let archive else { return }
    guard zip_close(archive) == 0 else {
      throw ArchiveError(.cannotCreate(String(cString: zip_strerror(archive))), at: place)
    }
    self.archive = nil
  }

  private mutating func add(_ name: String, _ source: OpaquePointer, byteCount: Int)
    throws(ArchiveError)
  {
    guard let archive else { return zip_source_free(source) }
    let added = zip_file_add(archive, name, source, zip_flags_t(ZIP_FL_ENC_UTF_8))
    guard added >= 0 else {
      zip_source_free(source)
      throw failure("adding '\(name)'")
    }
    let index = UInt64(added)
    // A field that only fills up, as Android's zipalign writes it, in front of the bytes.
    let start = offset + 30 + name.utf8.count + 6
    let padding = (64 - start % 64) % 64
    let field = [UInt8(64), 0] + [UInt8](repeating: 0, count: padding)
    guard
      zip_set_file_compression(archive, index, ZIP_CM_STORE, 0) == 0,
      zip_file_set_dostime(archive, index, 0, 1 << 5 | 1, 0) == 0,
      zip_file_extra_field_set(
        archive, index, 0xD935, 0, field, UInt16(field.count), zip_flags_t(ZIP_FL_LOCAL)) == 0
    else { throw failure("adding '\(name)'") }
    offset = start + padding + byteCount
  }

  private func failure(_ operation: String) -> ArchiveError {
    let message = archive.map { String(cString: zip_strerror($0)) } ?? "the archive is closed"
    return ArchiveError(.library(operation: operation, message: message), at: place)
  }
}
