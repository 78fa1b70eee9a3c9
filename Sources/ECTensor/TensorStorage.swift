import Glibc

/// Bytes that tensors share and never change: memory of their own, or a part of a mapped file.
public final class TensorStorage: @unchecked Sendable {
  /// The first byte.
  let base: UnsafeRawPointer
  /// The number of bytes.
  public let byteCount: Int
  /// Whether the bytes are anonymous memory of this storage (and not a mapped file).
  let ownsMemory: Bool
  private let owner: AnyObject?

  /// Takes memory of `byteCount` bytes, aligned to 64, and lets `fill` write it once.
  public init(byteCount: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
    precondition(byteCount >= 0)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 1), alignment: 64)
    do {
      try fill(UnsafeMutableRawBufferPointer(start: memory, count: byteCount))
    } catch {
      memory.deallocate()
      throw error
    }
    self.base = UnsafeRawPointer(memory)
    self.byteCount = byteCount
    self.ownsMemory = true
    self.owner = nil
  }

  /// A view of all bytes of a mapped file.
  init(mapped base: UnsafeRawPointer, byteCount: Int, owner: AnyObject) {
    self.base = base
    self.byteCount = byteCount
    self.ownsMemory = false
    self.owner = owner
  }

  deinit {
    if ownsMemory { base.deallocate() }
  }

  /// All bytes, valid as long as this object lives.
  public var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base, count: byteCount)
  }

  /// Lets the system take back the memory of a mapped file, which never differs from the file.
  func releasePages() {
    guard !ownsMemory, byteCount > 0 else { return }
    madvise(UnsafeMutableRawPointer(mutating: base), byteCount, MADV_DONTNEED)
  }
}

/// A whole file mapped for reading; tensors that point into it keep it alive.
public final class MappedFile: @unchecked Sendable {
  private let base: UnsafeMutableRawPointer?
  /// The open file, for others that read it themselves.
  public let descriptor: Int32
  /// The size of the file when it was mapped.
  public let byteCount: Int

  /// Maps a file.
  /// - Throws: `MappedFileError` with `errno` if the file can't be opened or mapped.
  public convenience init(path: String) throws(MappedFileError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw MappedFileError(path: path, code: errno) }
    try self.init(descriptor: descriptor, path: path)
  }

  /// Maps an open file, and closes it with the map or where it can't be mapped.
  /// - Parameter path: what errors call it.
  public init(descriptor: Int32, path: String) throws(MappedFileError) {
    self.descriptor = descriptor
    var status = stat()
    var code: Int32 = 0
    if fstat(descriptor, &status) != 0 {
      code = errno
    } else if status.st_mode & S_IFMT != S_IFREG {
      code = status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL
    }
    byteCount = Int(status.st_size)
    var address: UnsafeMutableRawPointer?
    if code == 0, byteCount > 0 {
      address = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
      if address == MAP_FAILED { code = errno }
    }
    base = code == 0 ? address : nil
    guard code == 0 else { throw MappedFileError(path: path, code: code) }
  }

  deinit {
    if let base { munmap(base, byteCount) }
    close(descriptor)
  }

  /// The storage that all tensors of this file share.
  public func storage() -> TensorStorage {
    let start = base.map { UnsafeRawPointer($0) } ?? UnsafeRawPointer(bitPattern: 64)
    guard let start else { preconditionFailure("64 is a non-null address") }
    return TensorStorage(mapped: start, byteCount: byteCount, owner: self)
  }

  /// Lets `body` read the bytes.
  public func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R
  {
    try body(UnsafeRawBufferPointer(start: base.map { UnsafeRawPointer($0) }, count: byteCount))
  }
}

/// A file that can't be opened or mapped.
public struct MappedFileError: Error, Equatable {
  /// The file's path.
  public let path: String
  /// The value of `errno`.
  public let code: Int32
  /// The system's words for `code`, in lower case.
  public var message: String { String(cString: strerror(code)).lowercased() }
}
