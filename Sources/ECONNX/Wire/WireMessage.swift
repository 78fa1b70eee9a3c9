import CProtobufC

/// A message split in two: fields that are read in place, and the small rest that is unpacked.
struct WireMessage {
  /// The fields that were asked for, in file order.
  let heavy: [WireField]
  /// The bytes of all other fields, a message of the same kind.
  let light: [UInt8]

  /// Splits the message whose fields lie in `range`.
  init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, heavy numbers: Set<UInt32>)
    throws(ONNXError)
  {
    var reader = WireReader(bytes, range)
    var heavy: [WireField] = []
    var light: [UInt8] = []
    var start = reader.offset
    while let field = try reader.next() {
      if numbers.contains(field.number) {
        heavy.append(field)
      } else {
        light.append(contentsOf: bytes[start..<reader.offset])
      }
      start = reader.offset
    }
    self.heavy = heavy
    self.light = light
  }

  /// The payloads of one field.
  func payloads(_ number: UInt32) -> [Range<Int>] {
    heavy.filter { $0.number == number }.map(\.payload)
  }

  /// The payload of a field that isn't repeated: the last one counts.
  func payload(_ number: UInt32) -> Range<Int>? { heavy.last { $0.number == number }?.payload }

  /// Unpacks the small rest with protobuf-c, lends it to `body`, and frees it.
  /// - Throws: `ONNXError.malformed` if protobuf-c refuses it.
  func withLight<Message, R>(
    _ unpack: (UnsafeMutablePointer<ProtobufCAllocator>?, Int, UnsafePointer<UInt8>?)
      -> UnsafeMutablePointer<Message>?,
    free: (UnsafeMutablePointer<Message>?, UnsafeMutablePointer<ProtobufCAllocator>?) -> Void,
    at offset: Int, _ body: (Message) throws(ONNXError) -> R
  ) throws(ONNXError) -> R {
    guard let message = light.withUnsafeBufferPointer({ unpack(nil, $0.count, $0.baseAddress) })
    else { throw ONNXError(.malformed("a message that can't be unpacked", offset: offset)) }
    defer { free(message, nil) }
    return try body(message.pointee)
  }
}

/// The text of a C string; empty where there is none.
func text(_ string: UnsafePointer<CChar>?) -> String {
  string.map { String(cString: $0) } ?? ""
}

/// The texts of an array of C strings.
func texts(_ strings: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int)
  -> [String]
{
  guard let strings else { return [] }
  return (0..<count).map { text(strings[$0]) }
}
