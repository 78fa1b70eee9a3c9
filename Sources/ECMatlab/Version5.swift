/// Variables of version 5, 6 and 7: elements with a tag before each, packed in version 7.
struct Version5 {
  private let body: MatBytes

  /// - Parameter body: what follows the header.
  init(_ body: MatBytes) { self.body = body }

  /// A variable's numbers; `nil` where there is none of this name.
  func numbers(_ name: String) throws(MatFileError.Reason) -> [Double]? {
    var elements = body
    while !elements.rest.isEmpty {
      var element = try Element(&elements)
      if element.type == .packed {
        // Most variables are of no interest: the first bytes tell the name.
        guard try holds(name, Inflation.unpacked(element.bytes, atMost: 4096)) else { continue }
        let whole = try Inflation.unpacked(element.bytes, atMost: MatFile.largestByteCount)
        var reader = MatBytes(whole[...], isBig: body.isBig)
        element = try Element(&reader)
      }
      guard element.type == .matrix else { continue }
      let array = try Array5(MatBytes(element.bytes, isBig: body.isBig))
      if array.name.elementsEqual(name.utf8) { return try array.numbers(name) }
    }
    return nil
  }

  /// Whether the front of a variable gives its name; what is cut off may be missing.
  private func holds(_ name: String, _ front: [UInt8]) throws(MatFileError.Reason) -> Bool {
    var reader = MatBytes(front[...], isBig: body.isBig)
    guard Tag(try reader.word(), try reader.word(), isBig: body.isBig).type == .matrix else {
      return false
    }
    return try Array5(reader).name.elementsEqual(name.utf8)
  }
}

/// What an element holds.
private enum ElementType: Equatable {
  case numbers(NumberKind)
  case matrix
  case packed
  case other

  init(_ code: UInt32) {
    let kinds: [UInt32: NumberKind] = [
      1: .int8, 2: .uint8, 3: .int16, 4: .uint16, 5: .int32, 6: .uint32, 7: .single, 9: .double,
      12: .int64, 13: .uint64,
    ]
    switch code {
    case 14: self = .matrix
    case 15: self = .packed
    default: self = kinds[code].map { .numbers($0) } ?? .other
    }
  }
}

/// The eight bytes before an element.
private struct Tag {
  let type: ElementType
  let byteCount: Int
  /// Whether the element's bytes are the last four of the tag.
  let isSmall: Bool

  init(_ first: UInt32, _ second: UInt32, isBig: Bool) {
    isSmall = first >> 16 != 0
    type = ElementType(isSmall ? first & 0xFFFF : first)
    byteCount = Int(isSmall ? first >> 16 : second)
  }
}

/// A tag and what it tells of.
private struct Element {
  let type: ElementType
  let bytes: ArraySlice<UInt8>

  init(_ reader: inout MatBytes) throws(MatFileError.Reason) {
    let front = reader
    let tag = Tag(try reader.word(), try reader.word(), isBig: reader.isBig)
    type = tag.type
    if tag.isSmall {
      var small = front
      small.skip(4)
      bytes = try small.take(min(tag.byteCount, 4))
      guard tag.byteCount <= 4 else { throw .notReadable }
    } else {
      bytes = try reader.take(tag.byteCount)
      // Elements end at multiples of eight, packed ones anywhere.
      if type != .packed { reader.skip(-tag.byteCount & 7) }
    }
  }
}

/// An array: flags, extents, name and numbers, each an element.
private struct Array5 {
  let name: ArraySlice<UInt8>
  private let flags: UInt32
  private let extents: [Double]
  /// What follows the name.
  private var rest: MatBytes

  init(_ body: MatBytes) throws(MatFileError.Reason) {
    var reader = body
    var words = MatBytes(try Element(&reader).bytes, isBig: body.isBig)
    flags = try words.word()
    let sizes = try Element(&reader)
    guard sizes.type == .numbers(.int32) else { throw .notReadable }
    extents = try MatBytes(sizes.bytes, isBig: body.isBig).numbers(.int32)
    name = try Element(&reader).bytes
    rest = reader
  }

  /// - Throws: for arrays of texts, cells or structures, and complex or sparse ones.
  func numbers(_ title: String) throws(MatFileError.Reason) -> [Double] {
    let isComplex = flags & 0x800 != 0
    guard (6...15).contains(flags & 0xFF), !isComplex else { throw .notNumbers(title) }
    var reader = rest
    let element = try Element(&reader)
    guard case .numbers(let kind) = element.type else { throw .notNumbers(title) }
    let numbers = try MatBytes(element.bytes, isBig: reader.isBig).numbers(kind)
    guard extents.allSatisfy({ $0 >= 0 }), extents.reduce(1, *) == Double(numbers.count) else {
      throw .notReadable
    }
    return numbers
  }
}
