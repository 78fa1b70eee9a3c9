/// Bytes of a file whose order is known, read from front to back.
struct MatBytes {
  private(set) var rest: ArraySlice<UInt8>
  let isBig: Bool

  init(_ bytes: ArraySlice<UInt8>, isBig: Bool) {
    rest = bytes
    self.isBig = isBig
  }

  /// The next bytes.
  mutating func take(_ count: Int) throws(MatFileError.Reason) -> ArraySlice<UInt8> {
    guard count >= 0, count <= rest.count else { throw .notReadable }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  /// Passes over bytes, or over what is left of them.
  mutating func skip(_ count: Int) { rest = rest.dropFirst(max(0, count)) }

  /// A number of 32 bits.
  mutating func word() throws(MatFileError.Reason) -> UInt32 {
    MatBytes.bits(try take(4), isBig: isBig)
  }

  /// Bytes as numbers of one kind.
  func numbers(_ kind: NumberKind) throws(MatFileError.Reason) -> [Double] {
    guard rest.count % kind.byteCount == 0 else { throw .notReadable }
    return stride(from: rest.startIndex, to: rest.endIndex, by: kind.byteCount).map {
      kind.number(rest[$0..<($0 + kind.byteCount)], isBig: isBig)
    }
  }

  /// The number whose digits bytes are.
  static func bits<Bits: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>, isBig: Bool) -> Bits {
    let ordered = isBig ? Array(bytes) : bytes.reversed()
    return ordered.reduce(0) { $0 << 8 | Bits(truncatingIfNeeded: $1) }
  }
}

/// How numbers are stored.
enum NumberKind {
  case int8, uint8, int16, uint16, int32, uint32, int64, uint64, single, double

  var byteCount: Int {
    switch self {
    case .int8, .uint8: 1
    case .int16, .uint16: 2
    case .int32, .uint32, .single: 4
    case .int64, .uint64, .double: 8
    }
  }

  func number(_ bytes: ArraySlice<UInt8>, isBig: Bool) -> Double {
    func bits<Bits: FixedWidthInteger>(_ type: Bits.Type) -> Bits {
      MatBytes.bits(bytes, isBig: isBig)
    }
    return switch self {
    case .int8: Double(bits(Int8.self))
    case .uint8: Double(bits(UInt8.self))
    case .int16: Double(bits(Int16.self))
    case .uint16: Double(bits(UInt16.self))
    case .int32: Double(bits(Int32.self))
    case .uint32: Double(bits(UInt32.self))
    case .int64: Double(bits(Int64.self))
    case .uint64: Double(bits(UInt64.self))
    case .single: Double(Float(bitPattern: bits(UInt32.self)))
    case .double: Double(bitPattern: bits(UInt64.self))
    }
  }
}
