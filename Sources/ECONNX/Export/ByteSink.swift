import Glibc

/// Writes bytes to a file descriptor through a buffer of 1 MiB; remembers the first failure.
final class ByteSink {
  private let descriptor: Int32
  private let buffer: UnsafeMutableRawBufferPointer
  private var used = 0
  /// The number of bytes accepted.
  private(set) var byteCount = 0
  /// `errno` of the first failed write; 0 while all is well.
  private(set) var failure: Int32 = 0

  init(descriptor: Int32) {
    self.descriptor = descriptor
    buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
  }

  deinit {
    buffer.deallocate()
  }

  /// Appends bytes; large pieces go straight to the file.
  func append(_ bytes: UnsafeRawBufferPointer) {
    byteCount += bytes.count
    if bytes.count > buffer.count / 2 {
      flush()
      writeAll(bytes)
      return
    }
    if used + bytes.count > buffer.count { flush() }
    UnsafeMutableRawBufferPointer(rebasing: buffer[used...]).copyMemory(from: bytes)
    used += bytes.count
  }

  /// Appends zeros.
  func appendZeros(_ count: Int) {
    [UInt8](repeating: 0, count: count).withUnsafeBytes { append($0) }
  }

  /// Hands everything to the system.
  func flush() {
    let pending = UnsafeRawBufferPointer(rebasing: buffer[..<used])
    used = 0
    writeAll(pending)
  }

  private func writeAll(_ bytes: UnsafeRawBufferPointer) {
    var rest = bytes
    while failure == 0, !rest.isEmpty {
      let count = write(descriptor, rest.baseAddress, min(rest.count, 1 << 30))
      if count < 0 {
        if errno == EINTR { continue }
        failure = errno
        return
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }
}
