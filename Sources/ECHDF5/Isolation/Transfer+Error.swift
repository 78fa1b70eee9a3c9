import ECDiagnostics

extension HDF5Error {
  package func write(to message: inout TransferWriter) {
    let (code, numbers, texts) = reason.parts
    message.put(code)
    for number in numbers { message.put(number) }
    message.put(texts)
    message.put(place.trail)
  }

  package init(_ message: inout TransferReader) throws(TransferError) {
    let code = try message.count()
    let numbers = (try message.number(), try message.number())
    let texts = try message.texts()
    guard let reason = Reason(code, numbers, texts) else { throw TransferError() }
    self.init(reason, at: Place(try message.texts()))
  }
}

extension HDF5Error.Reason {
  /// A reason as a code, two numbers and some texts.
  fileprivate var parts: (code: Int, numbers: [UInt64], texts: [String]) {
    switch self {
    case .noSuchFile: (0, [0, 0], [])
    case .notHDF5: (1, [0, 0], [])
    case .truncated(let text): (2, [0, 0], [text])
    case .cannotCreate(let text): (3, [0, 0], [text])
    case .noSuchObject: (4, [0, 0], [])
    case .wrongKind(let expected, let found): (5, [0, 0], [expected, found])
    case .refusedName: (6, [0, 0], [])
    case .externalLink: (7, [0, 0], [])
    case .externalStorage: (8, [0, 0], [])
    case .virtualStorage: (9, [0, 0], [])
    case .missingFilter(let number, let name): (10, [UInt64(clamping: number), 0], [name])
    case .attributeType(let found): (11, [0, 0], [found])
    case .attributeCount(let count): (12, [UInt64(clamping: count), 0], [])
    case .unsupportedElement(let found): (13, [0, 0], [found])
    case .tooLarge(let claimed, let fileByteCount): (14, [claimed, fileByteCount], [])
    case .emptyDataset: (15, [0, 0], [])
    case .elementCount(let expected, let found):
      (16, [UInt64(clamping: expected), UInt64(clamping: found)], [])
    case .unwritableText(let byteCount): (17, [UInt64(clamping: byteCount), 0], [])
    case .library(let operation, let message): (18, [0, 0], [operation, message])
    case .crashed(let how): (19, [0, 0], [how])
    case .noReader(let message): (20, [0, 0], [message])
    case .tangledGroups: (21, [0, 0], [])
    case .tooSlow(let seconds): (22, [UInt64(clamping: seconds), 0], [])
    }
  }

  fileprivate init?(_ code: Int, _ numbers: (UInt64, UInt64), _ texts: [String]) {
    let text = texts.first ?? ""
    let second = texts.dropFirst().first ?? ""
    let counts = (Int(clamping: numbers.0), Int(clamping: numbers.1))
    switch code {
    case 0: self = .noSuchFile
    case 1: self = .notHDF5
    case 2: self = .truncated(text)
    case 3: self = .cannotCreate(text)
    case 4: self = .noSuchObject
    case 5: self = .wrongKind(expected: text, found: second)
    case 6: self = .refusedName
    case 7: self = .externalLink
    case 8: self = .externalStorage
    case 9: self = .virtualStorage
    case 10: self = .missingFilter(number: counts.0, name: text)
    case 11: self = .attributeType(found: text)
    case 12: self = .attributeCount(counts.0)
    case 13: self = .unsupportedElement(text)
    case 14: self = .tooLarge(claimed: numbers.0, fileByteCount: numbers.1)
    case 15: self = .emptyDataset
    case 16: self = .elementCount(expected: counts.0, found: counts.1)
    case 17: self = .unwritableText(byteCount: counts.0)
    case 18: self = .library(operation: text, message: second)
    case 19: self = .crashed(text)
    case 20: self = .noReader(text)
    case 21: self = .tangledGroups
    case 22: self = .tooSlow(seconds: counts.0)
    default: return nil
    }
  }
}
