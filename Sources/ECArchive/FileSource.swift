import CZip
import ECDiagnostics
import Glibc

/// A file that libzip reads through callbacks: remembers from where it read last.
final class FileSource {
  let byteCount: Int
  /// The offset of the first byte that the last reading call asked for.
  private(set) var lastReadOffset = 0
  private let descriptor: Int32
  private var position = 0
  private var error = zip_error_t()

  /// Opens a file for reading.
  init(path: String, at place: Place) throws(ArchiveError) {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw ArchiveError(
        errno == ENOENT ? .noSuchFile : .unreadable(String(cString: strerror(errno)).lowercased()),
        at: place)
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw ArchiveError(.unreadable("not a file"), at: place)
    }
    self.descriptor = descriptor
    byteCount = Int(status.st_size)
    zip_error_init(&error)
  }

  deinit {
    zip_error_fini(&error)
    close(descriptor)
  }

  /// A source of libzip that keeps this object alive until libzip frees it.
  func makeSource(_ error: inout zip_error_t) -> OpaquePointer? {
    let owned = Unmanaged.passRetained(self)
    let source = zip_source_function_create(
      { context, bytes, count, command in
        guard let context else { return -1 }
        let unmanaged = Unmanaged<FileSource>.fromOpaque(context)
        if command == ZIP_SOURCE_FREE {
          unmanaged.release()
          return 0
        }
        return unmanaged.takeUnretainedValue().answer(command, bytes, count)
      }, owned.toOpaque(), &error)
    if source == nil { owned.release() }
    return source
  }

  private func answer(
    _ command: zip_source_cmd_t, _ bytes: UnsafeMutableRawPointer?, _ count: UInt64
  ) -> Int64 {
    switch command {
    case ZIP_SOURCE_OPEN:
      position = 0
      return 0
    case ZIP_SOURCE_READ: return read(bytes, count)
    case ZIP_SOURCE_SEEK:
      guard let bytes else { return fail(ZIP_ER_INVAL, 0) }
      let target = zip_source_seek_compute_offset(
        UInt64(position), UInt64(byteCount), bytes, count, &error)
      if target >= 0 { position = Int(target) }
      return target < 0 ? -1 : 0
    case ZIP_SOURCE_TELL: return Int64(position)
    case ZIP_SOURCE_STAT:
      guard let bytes, count >= UInt64(MemoryLayout<zip_stat_t>.size) else {
        return fail(ZIP_ER_INVAL, 0)
      }
      let status = bytes.assumingMemoryBound(to: zip_stat_t.self)
      zip_stat_init(status)
      status.pointee.size = UInt64(byteCount)
      status.pointee.valid = UInt64(ZIP_STAT_SIZE)
      return Int64(MemoryLayout<zip_stat_t>.size)
    case ZIP_SOURCE_ERROR: return zip_error_to_data(&error, bytes, count)
    case ZIP_SOURCE_CLOSE: return 0
    case ZIP_SOURCE_SUPPORTS: return FileSource.supported
    default: return fail(ZIP_ER_OPNOTSUPP, 0)
    }
  }

  private func read(_ bytes: UnsafeMutableRawPointer?, _ count: UInt64) -> Int64 {
    lastReadOffset = position
    guard let bytes else { return fail(ZIP_ER_INVAL, 0) }
    while true {
      let taken = pread(descriptor, bytes, Int(clamping: count), position)
      if taken < 0 && errno == EINTR { continue }
      if taken < 0 { return fail(ZIP_ER_READ, errno) }
      position += taken
      return Int64(taken)
    }
  }

  private func fail(_ code: Int32, _ systemCode: Int32) -> Int64 {
    zip_error_set(&error, code, systemCode)
    return -1
  }

  /// The commands answered, one bit each.
  private static let supported: Int64 = [
    ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR,
    ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_SUPPORTS,
  ].reduce(0) { $0 | Int64(1) << Int64($1.rawValue) }
}
