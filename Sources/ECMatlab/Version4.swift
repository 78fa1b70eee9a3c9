/// Variables of version 4: each a head of five numbers, a name, and the numbers.
struct Version4 {
  private var bytes: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

  /// Throws where bytes don't start as the head of a variable.
  static func check(_ bytes: [UInt8]) throws(MatFileError.Reason) { _ = try Head(bytes[...]) }

  /// A variable's numbers; `nil` where there is none of this name.
  func numbers(_ name: String) throws(MatFileError.Reason) -> [Double]? {
    var rest = bytes
    while !rest.isEmpty {
      let head = try Head(rest)
      var body = MatBytes(rest.dropFirst(20), isBig: head.isBig)
      let title = try body.take(head.nameByteCount).prefix { $0 != 0 }
      let numbers = try body.take(head.byteCount)
      if title.elementsEqual(name.utf8) {
        guard head.isNumbers else { throw .notNumbers(name) }
        return try MatBytes(numbers, isBig: head.isBig).numbers(head.kind)
      }
      body.skip(head.isComplex ? head.byteCount : 0)
      rest = body.rest
    }
    return nil
  }
}

/// What stands before a variable of version 4.
private struct Head {
  let isBig: Bool
  let kind: NumberKind
  /// Neither text, nor sparse, nor complex.
  let isNumbers: Bool
  let isComplex: Bool
  let nameByteCount: Int
  /// The bytes of the real parts.
  let byteCount: Int

  init(_ bytes: ArraySlice<UInt8>) throws(MatFileError.Reason) {
    // The type is below 5000, which tells the order of its bytes.
    var little = MatBytes(bytes, isBig: false)
    isBig = try little.word() >= 5000
    var reader = MatBytes(bytes, isBig: isBig)
    let type = Int(try reader.word())
    let extents = (Int(try reader.word()), Int(try reader.word()))
    isComplex = try reader.word() != 0
    nameByteCount = Int(try reader.word())
    let kinds: [NumberKind] = [.double, .single, .int32, .int16, .uint16, .uint8]
    let (machine, zero, code, form) = (
      type / 1000, type / 100 % 10, type / 10 % 10, type % 10
    )
    guard machine == (isBig ? 1 : 0), zero == 0, kinds.indices.contains(code), form <= 2 else {
      throw .notReadable
    }
    kind = kinds[code]
    isNumbers = form == 0 && !isComplex
    let (count, tooMany) = extents.0.multipliedReportingOverflow(by: extents.1)
    let (size, tooLarge) = count.multipliedReportingOverflow(by: kind.byteCount)
    guard !tooMany, !tooLarge, size <= bytes.count else { throw .notReadable }
    byteCount = size
  }
}
