import ECArchive
import ECDiagnostics
package import ECTensor

/// Reads arrays from `.npy` files and `.npz` archives; what isn't compressed is mapped.
package enum NumpyFile {
  /// The first array of a file (of an archive: `x`, `in_0` or the first one).
  /// - Throws: `ConversionFault` if the file can't be read or has no array of numbers.
  package static func read(_ path: String) throws(ConversionFault) -> Tensor {
    let place = Place.file(path)
    let file = try MappedFile.opened(path)
    var range = 0..<file.byteCount
    let isArchive = file.withBytes { $0.starts(with: [0x50, 0x4B, 0x03, 0x04]) }
    if isArchive {
      let members = try members(file, place)
      let member =
        ["x.npy", "in_0.npy"].lazy.compactMap { name in members.first { $0.name == name } }.first
        ?? members.first
      guard let member else {
        throw ConversionFault(.calibration("the archive has no array"), at: place)
      }
      range = member.range
    }
    return try array(file.storage(), range, place)
  }

  /// All arrays of an archive by their names, which may be compressed.
  /// - Throws: `ArchiveError` or `ConversionFault`.
  static func arrays(_ path: String) throws -> [String: Tensor] {
    let place = Place.file(path)
    let file = try MappedFile.opened(path)
    let archive = try Archive(path: path)
    var arrays: [String: Tensor] = [:]
    for entry in archive.entries where entry.name.hasSuffix(".npy") {
      let name = String(entry.name.dropLast(4))
      if let range = try archive.storedRange(of: entry) {
        arrays[name] = try array(file.storage(), range, place)
        continue
      }
      try archive.checkSize(of: entry)
      let storage = try TensorStorage(byteCount: Int(entry.byteCount)) {
        try archive.read(entry, into: $0)
      }
      arrays[name] = try array(storage, 0..<storage.byteCount, place)
    }
    return arrays
  }

  /// The stored members of a zip archive, by its local headers.
  private static func members(_ file: MappedFile, _ place: Place) throws(ConversionFault)
    -> [(name: String, range: Range<Int>)]
  {
    var members: [(name: String, range: Range<Int>)] = []
    var isPacked = false
    file.withBytes { bytes in
      func number(_ at: Int, _ count: Int) -> Int {
        (0..<count).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
      }
      var at = 0
      while at + 30 <= bytes.count, number(at, 4) == 0x0403_4B50 {
        let method = number(at + 8, 2)
        var size = number(at + 18, 4)
        let nameLength = number(at + 26, 2)
        let extraLength = number(at + 28, 2)
        let start = at + 30 + nameLength + extraLength
        guard start <= bytes.count else { return }
        if size == 0xFFFF_FFFF {
          // Zip64: the true sizes stand in the extra field, the uncompressed one first.
          guard extraLength >= 20 else { return }
          size = number(at + 30 + nameLength + 12, 8)
        }
        guard size >= 0, size <= bytes.count - start else { return }
        let name = String(decoding: bytes[(at + 30)..<(at + 30 + nameLength)], as: UTF8.self)
        if method == 0 { members.append((name, start..<(start + size))) } else { isPacked = true }
        at = start + size
      }
    }
    if members.isEmpty && isPacked {
      throw ConversionFault(
        .calibration("the archive is compressed; save it with numpy.savez, or as .npy"), at: place)
    }
    return members
  }

  private static func array(_ storage: TensorStorage, _ range: Range<Int>, _ place: Place)
    throws(ConversionFault) -> Tensor
  {
    let header = { () -> (text: String, end: Int)? in
      let bytes = UnsafeRawBufferPointer(rebasing: storage.bytes[range])
      guard bytes.count > 12, bytes.starts(with: [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]) else {
        return nil
      }
      let isLong = bytes[6] >= 2
      let start = isLong ? 12 : 10
      let length = (0..<(isLong ? 4 : 2)).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
      guard start + length <= bytes.count else { return nil }
      return (String(decoding: bytes[start..<(start + length)], as: UTF8.self), start + length)
    }()
    guard let header else { throw ConversionFault(.calibration("not a numpy array"), at: place) }
    let types: [(name: String, type: ElementType)] = [
      ("<f4", .float32), ("<f8", .float64), ("<f2", .float16), ("|u1", .uint8), ("|i1", .int8),
      ("<i4", .int32), ("<i8", .int64),
    ]
    guard let descr = field("descr", of: header.text),
      let type = types.first(where: { "'\($0.name)'" == descr })?.type,
      field("fortran_order", of: header.text) == "False",
      let shape = extents(field("shape", of: header.text))
    else {
      throw ConversionFault(
        .calibration("only numbers in C order are read (float32, float64, uint8, …)"), at: place)
    }
    var count = 1
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard extent > 0, !overflow, product <= storage.byteCount else {
        throw ConversionFault(
          .calibration("the array's extents \(shape) don't fit the file"), at: place)
      }
      count = product
    }
    guard count * type.byteCount <= range.count - header.end else {
      throw ConversionFault(
        .calibration("the array's extents \(shape) don't fit the file"), at: place)
    }
    return Tensor(
      elementType: type, shape: shape, storage: storage,
      byteOffset: range.lowerBound + header.end)
  }

  /// The text of one entry of a header, which is a Python dictionary; a list or tuple whole.
  private static func field(_ key: String, of header: String) -> String? {
    let parts = header.split(separator: "'\(key)':", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    var depth = 0
    var text = ""
    for character in parts[1].drop(while: { $0 == " " }) {
      if "([".contains(character) { depth += 1 }
      if ")]".contains(character) { depth -= 1 }
      if depth == 0 && ",}".contains(character) { break }
      text.append(character)
    }
    return text
  }

  /// The extents in a tuple of whole numbers, `(2, 3)` or `(2,)`.
  private static func extents(_ text: String?) -> [Int]? {
    guard let text, text.hasPrefix("("), text.hasSuffix(")") else { return nil }
    let parts = text.dropFirst().dropLast().split(separator: ",").map { $0.filter { $0 != " " } }
      .filter { !$0.isEmpty }
    let numbers = parts.compactMap { Int($0) }
    return numbers.count == parts.count ? numbers : nil
  }
}
