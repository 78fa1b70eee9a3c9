/// One field of a protobuf message: its number, how it is written, and where its payload lies.
struct WireField: Equatable {
  let number: UInt32
  let kind: WireKind
  /// The payload without tag and length, in bytes of the file.
  let payload: Range<Int>
}

/// The ways a field is written.
enum WireKind: UInt64 {
  case varint = 0
  case fixed64 = 1
  case lengthDelimited = 2
  case fixed32 = 5
}

/// Walks the fields of one message within bounds; never reads outside them.
struct WireReader {
  let bytes: UnsafeRawBufferPointer
  private(set) var offset: Int
  let end: Int

  /// Starts at a message whose fields lie in `range`.
  init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
    self.bytes = bytes
    offset = range.lowerBound
    end = range.upperBound
  }

  /// The next field, or `nil` at the end.
  /// - Throws: `ONNXError.malformed` for a broken varint, an unknown kind, or a length beyond the end.
  mutating func next() throws(ONNXError) -> WireField? {
    if offset == end { return nil }
    let start = offset
    let tag = try varint()
    guard tag >> 3 > 0, tag >> 3 < 1 << 29 else {
      throw ONNXError(.malformed("field number \(tag >> 3)", offset: start))
    }
    guard let kind = WireKind(rawValue: tag & 7) else {
      throw ONNXError(.malformed("wire type \(tag & 7)", offset: start))
    }
    let first: Int
    switch kind {
    case .varint:
      first = offset
      _ = try varint()
    case .fixed64:
      first = offset
      try skip(8)
    case .fixed32:
      first = offset
      try skip(4)
    case .lengthDelimited:
      let length = try varint()
      first = offset
      try skip(length)
    }
    return WireField(number: UInt32(tag >> 3), kind: kind, payload: first..<offset)
  }

  /// The next variable-length number.
  mutating func varint() throws(ONNXError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    let start = offset
    while shift < 70 {
      guard offset < end else {
        throw ONNXError(.malformed("a number is cut off", offset: start))
      }
      let byte = bytes[offset]
      offset += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw ONNXError(.malformed("a number of more than 10 bytes", offset: start))
  }

  private mutating func skip(_ count: UInt64) throws(ONNXError) {
    guard count <= UInt64(end - offset) else {
      throw ONNXError(
        .malformed("\(count) bytes are announced, \(end - offset) are left", offset: offset))
    }
    offset += Int(count)
  }
}
