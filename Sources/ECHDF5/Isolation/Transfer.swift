import ECDiagnostics

/// Values on their way into a message: whole numbers of 8 bytes, and texts behind their lengths.
package struct TransferWriter {
  package private(set) var bytes: [UInt8] = []

  /// Starts an empty message.
  package init() {}

  package mutating func put(_ number: UInt64) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  package mutating func put(_ number: Int) { put(UInt64(bitPattern: Int64(number))) }

  package mutating func put(_ text: String) {
    let text = Array(text.utf8)
    put(text.count)
    bytes += text
  }

  package mutating func put(_ texts: [String]) {
    put(texts.count)
    for text in texts { put(text) }
  }
}

/// A message that doesn't say what it should.
package struct TransferError: Error {}

/// Values out of a message, whose sender isn't trusted.
package struct TransferReader {
  private let bytes: [UInt8]
  private var at = 0

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package mutating func number() throws(TransferError) -> UInt64 {
    guard bytes.count - at >= 8 else { throw TransferError() }
    defer { at += 8 }
    return (0..<8).reduce(0) { $0 | UInt64(bytes[at + $1]) << (8 * UInt64($1)) }
  }

  /// A size, an index or a count: never negative.
  package mutating func count() throws(TransferError) -> Int {
    guard let count = Int(exactly: try number()) else { throw TransferError() }
    return count
  }

  package mutating func flag() throws(TransferError) -> Bool { try number() != 0 }

  package mutating func text() throws(TransferError) -> String {
    let count = try count()
    guard count <= bytes.count - at else { throw TransferError() }
    defer { at += count }
    return String(decoding: bytes[at..<(at + count)], as: UTF8.self)
  }

  package mutating func texts() throws(TransferError) -> [String] {
    let count = try count()
    // Each takes 8 bytes at least, so that a false count costs nothing.
    guard count <= (bytes.count - at) / 8 else { throw TransferError() }
    var list: [String] = []
    for _ in 0..<count { list.append(try text()) }
    return list
  }
}

// MARK: Requests

extension HDF5Request {
  package func write(to message: inout TransferWriter) {
    message.put(Int(question.rawValue))
    message.put(path)
    message.put(attribute)
  }

  package init(_ message: inout TransferReader) throws(TransferError) {
    guard let question = Question(rawValue: UInt8(truncatingIfNeeded: try message.number()))
    else { throw TransferError() }
    self.init(question: question, path: try message.text(), attribute: try message.text())
  }
}

// MARK: Replies

extension HDF5Reply {
  package func write(to message: inout TransferWriter) {
    switch self {
    case .flag(let flag):
      message.put(0)
      message.put(flag ? 1 : 0)
    case .kind(let kind):
      message.put(1)
      message.put(kind.rawValue)
    case .text(let text):
      message.put(2)
      message.put(text.map { [$0] } ?? [])
    case .texts(let texts):
      message.put(texts == nil ? 4 : 3)
      message.put(texts ?? [])
    case .dataset(let description):
      message.put(5)
      description.write(to: &message)
    }
  }

  package init(_ message: inout TransferReader) throws(TransferError) {
    switch try message.number() {
    case 0: self = .flag(try message.flag())
    case 1:
      guard let kind = HDF5File.ObjectKind(rawValue: try message.text()) else {
        throw TransferError()
      }
      self = .kind(kind)
    case 2: self = .text(try message.texts().first)
    case 3: self = .texts(try message.texts())
    case 4:
      _ = try message.texts()
      self = .texts(nil)
    case 5: self = .dataset(try DatasetDescription(&message))
    default: throw TransferError()
    }
  }

  /// Whether it is an answer to a question.
  package func answers(_ question: HDF5Request.Question) -> Bool {
    switch (self, question) {
    case (.flag, .exists), (.flag, .attributeExists), (.kind, .kind), (.texts, .members),
      (.texts, .texts), (.text, .text), (.dataset, .dataset), (.dataset, .numbers):
      true
    default: false
    }
  }
}

extension DatasetDescription {
  fileprivate func write(to message: inout TransferWriter) {
    message.put(shape.count)
    for extent in shape { message.put(extent) }
    elementKind.write(to: &message)
    message.put(byteOrder == .big ? 1 : 0)
    message.put(elementCount)
    message.put(byteCount)
    message.put(contiguousOffset.map { [$0] }?.count ?? 0)
    message.put(contiguousOffset ?? 0)
    message.put(filters)
  }

  /// Takes nothing on trust that memory depends on.
  fileprivate init(_ message: inout TransferReader) throws(TransferError) {
    let rank = try message.count()
    guard rank <= 32 else { throw TransferError() }
    var shape: [Int] = []
    for _ in 0..<rank { shape.append(try message.count()) }
    let kind = try ElementKind(&message)
    let order: ByteOrder = try message.flag() ? .big : .little
    let elementCount = try message.count()
    let byteCount = try message.count()
    let hasOffset = try message.flag()
    let offset = try message.number()
    var product = 1
    for extent in shape {
      let (next, overflow) = product.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw TransferError() }
      product = next
    }
    let width = kind.byteCount ?? (elementCount == 0 ? 0 : byteCount / elementCount)
    let (size, overflow) = elementCount.multipliedReportingOverflow(by: width)
    guard elementCount == product, !overflow, size == byteCount else { throw TransferError() }
    guard !hasOffset || kind == .float32 else { throw TransferError() }
    self.init(
      shape: shape, elementKind: kind, byteOrder: order, elementCount: elementCount,
      byteCount: byteCount, contiguousOffset: hasOffset ? offset : nil,
      filters: try message.texts())
  }
}

extension ElementKind {
  fileprivate func write(to message: inout TransferWriter) {
    switch self {
    case .float16: message.put(0)
    case .bfloat16: message.put(1)
    case .float32: message.put(2)
    case .float64: message.put(3)
    case .int(let bits):
      message.put(4)
      message.put(bits)
    case .uint(let bits):
      message.put(5)
      message.put(bits)
    case .other(let word):
      message.put(6)
      message.put(word)
    }
  }

  fileprivate init(_ message: inout TransferReader) throws(TransferError) {
    switch try message.number() {
    case 0: self = .float16
    case 1: self = .bfloat16
    case 2: self = .float32
    case 3: self = .float64
    case 4: self = .int(bits: try ElementKind.bits(&message))
    case 5: self = .uint(bits: try ElementKind.bits(&message))
    case 6: self = .other(try message.text())
    default: throw TransferError()
    }
  }

  private static func bits(_ message: inout TransferReader) throws(TransferError) -> Int {
    let bits = try message.count()
    guard [8, 16, 24, 32, 40, 48, 56, 64].contains(bits) else { throw TransferError() }
    return bits
  }
}
