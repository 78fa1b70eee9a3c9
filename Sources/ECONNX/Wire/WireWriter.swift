import ECTensor

/// Puts fields of a protobuf message one behind the other.
struct WireWriter {
  private(set) var bytes: [UInt8] = []

  /// The message as a tensor of its bytes.
  var tensor: Tensor {
    Tensor(
      elementType: .uint8, shape: [bytes.count],
      storage: TensorStorage(byteCount: bytes.count) { target in
        target.copyBytes(from: bytes)
      })
  }

  /// A field with bytes or a message.
  mutating func append(_ field: UInt64, bytes part: some Collection<UInt8>) {
    varint(field << 3 | WireKind.lengthDelimited.rawValue)
    varint(UInt64(part.count))
    bytes.append(contentsOf: part)
  }

  /// A field with a text.
  mutating func append(_ field: UInt64, text: String) {
    append(field, bytes: Array(text.utf8))
  }

  /// A field with a number.
  mutating func append(_ field: UInt64, number: UInt64) {
    varint(field << 3 | WireKind.varint.rawValue)
    varint(number)
  }

  /// Fields that are written already.
  mutating func append(fields: some Collection<UInt8>) {
    bytes.append(contentsOf: fields)
  }

  private mutating func varint(_ number: UInt64) {
    var rest = number
    while rest > 0x7F {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
