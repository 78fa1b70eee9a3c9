import Glibc

/// One end of the connection between a process and the one that reads for it.
struct Channel {
  /// The other end is gone, or says what makes no sense.
  struct Broken: Error {}

  /// A connected socket.
  let descriptor: Int32

  /// Sends a message behind its length.
  func send(_ message: [UInt8]) throws(Broken) {
    var framed = TransferWriter()
    framed.put(message.count)
    let bytes = framed.bytes + message
    var isSent = false
    bytes.withUnsafeBytes { isSent = send($0) }
    if !isSent { throw Broken() }
  }

  /// Receives a message.
  /// - Throws: also for one of more than `limit` bytes, before any memory is taken for it.
  func receive(limit: Int) throws(Broken) -> [UInt8] {
    var head = TransferReader(try bytes(8))
    guard let count = try? head.count(), count <= limit else { throw Broken() }
    return try bytes(count)
  }

  private func bytes(_ count: Int) throws(Broken) -> [UInt8] {
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      let target = UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: count)
      initialized = fill(target) ? count : 0
    }
    guard bytes.count == count else { throw Broken() }
    return bytes
  }

  /// Sends bytes as they are; says whether the other end took them.
  func send(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var sent = 0
    while sent < bytes.count, let base = bytes.baseAddress {
      // An end that is gone must not end this process.
      let count = Glibc.send(descriptor, base + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return false }
      sent += count
    }
    return true
  }

  /// Receives as many bytes as a buffer has; says whether they came.
  func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Bool {
    var filled = 0
    while filled < buffer.count, let base = buffer.baseAddress {
      let count = recv(descriptor, base + filled, buffer.count - filled, 0)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return false }
      filled += count
    }
    return true
  }
}
