import CZlib

/// Unpacks zlib streams.
enum Inflation {
  /// The bytes of a stream, or its first.
  ///
  /// Memory is taken as it fills.
  /// - Throws: where the stream is broken before so many bytes have come.
  static func unpacked(
    _ packed: ArraySlice<UInt8>, atMost limit: Int
  ) throws(MatFileError.Reason) -> [UInt8] {
    var stream = z_stream()
    guard eczlib_start(&stream) == Z_OK else { throw .notReadable }
    defer { inflateEnd(&stream) }
    var source = Array(packed)
    var bytes: [UInt8] = []
    var status = Z_OK
    source.withUnsafeMutableBufferPointer { source in
      stream.next_in = source.baseAddress
      stream.avail_in = uInt(source.count)
      while status == Z_OK && bytes.count < limit {
        let room = min(1 << 16, limit - bytes.count)
        bytes += [UInt8](unsafeUninitializedCapacity: room) { buffer, initialized in
          stream.next_out = buffer.baseAddress
          stream.avail_out = uInt(room)
          status = inflate(&stream, Z_NO_FLUSH)
          initialized = room - Int(stream.avail_out)
        }
      }
    }
    guard status == Z_STREAM_END || bytes.count == limit else { throw .notReadable }
    return bytes
  }
}
