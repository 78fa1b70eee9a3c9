/// A text that isn't JSON: what was found, and at which byte.
public struct JSONError: Error, Equatable, Sendable {
  /// What is wrong, as a clause.
  public let what: String
  /// The byte offset from the start of the text.
  public let offset: Int
}

extension FormatValue {
  /// Reads JSON text, with the `NaN`, `Infinity` and `-Infinity` that Python writes.
  /// - Throws: `JSONError`; also for nesting deeper than 512.
  public init(json text: some Sequence<UInt8>) throws(JSONError) {
    var reader = JSONReader(bytes: Array(text))
    self = try reader.document()
  }

  /// This value as JSON text; keys keep their order. Tensors are written as `null`.
  /// - Parameter indent: spaces per level, or `nil` for one line.
  public func json(indent: Int? = nil) -> String {
    var text = ""
    write(to: &text, indent: indent, depth: 0)
    return text
  }

  private func write(to text: inout String, indent: Int?, depth: Int) {
    func line(_ depth: Int) {
      if let indent { text += "\n" + String(repeating: " ", count: indent * depth) }
    }
    switch self {
    case .null, .tensor: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .int(let value): text += "\(value)"
    case .float(let value):
      if value.isNaN {
        text += "NaN"
      } else if value.isInfinite {
        text += value < 0 ? "-Infinity" : "Infinity"
      } else {
        text += "\(value)"
      }
    case .string(let value): FormatValue.quote(value, to: &text)
    case .list(let items):
      // Numbers stay on one line, so that lists of channels can be read.
      let isFlat = items.allSatisfy { if case .object = $0 { false } else { $0.list == nil } }
      text += "["
      for (k, item) in items.enumerated() {
        if k > 0 { text += isFlat && indent != nil ? ", " : "," }
        if !isFlat { line(depth + 1) }
        item.write(to: &text, indent: indent, depth: depth + 1)
      }
      if !isFlat && !items.isEmpty { line(depth) }
      text += "]"
    case .object(let members):
      text += "{"
      for (k, member) in members.enumerated() {
        if k > 0 { text += "," }
        line(depth + 1)
        FormatValue.quote(member.key, to: &text)
        text += indent == nil ? ":" : ": "
        member.value.write(to: &text, indent: indent, depth: depth + 1)
      }
      if !members.isEmpty { line(depth) }
      text += "}"
    }
  }

  private static func quote(_ value: String, to text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}

/// A recursive-descent reader over the bytes of a JSON text.
private struct JSONReader {
  let bytes: [UInt8]
  var at = 0
  var depth = 0

  mutating func document() throws(JSONError) -> FormatValue {
    let value = try value()
    skipSpace()
    if at < bytes.count { throw fault("text after the end") }
    return value
  }

  private func fault(_ what: String) -> JSONError { JSONError(what: what, offset: at) }

  private mutating func skipSpace() {
    while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
  }

  private mutating func take(_ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard at + count <= bytes.count else { return false }
    for k in 0..<count where bytes[at + k] != word.utf8Start[k] { return false }
    at += count
    return true
  }

  private mutating func value() throws(JSONError) -> FormatValue {
    skipSpace()
    guard at < bytes.count else { throw fault("the text ends early") }
    depth += 1
    defer { depth -= 1 }
    if depth > 512 { throw fault("nesting is too deep") }
    switch bytes[at] {
    case UInt8(ascii: "{"): return .object(try object())
    case UInt8(ascii: "["): return .list(try list())
    case UInt8(ascii: "\""): return .string(try string())
    default: break
    }
    if take("true") { return .bool(true) }
    if take("false") { return .bool(false) }
    if take("null") { return .null }
    if take("NaN") { return .float(.nan) }
    if take("Infinity") { return .float(.infinity) }
    if take("-Infinity") { return .float(-.infinity) }
    return try number()
  }

  private mutating func object() throws(JSONError) -> FormatObject {
    at += 1
    var members: FormatObject = [:]
    skipSpace()
    if take("}") { return members }
    while true {
      skipSpace()
      guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else {
        throw fault("a key is missing")
      }
      let key = try string()
      skipSpace()
      guard take(":") else { throw fault("a colon is missing") }
      members[key] = try value()
      skipSpace()
      if take("}") { return members }
      guard take(",") else { throw fault("a comma or '}' is missing") }
    }
  }

  private mutating func list() throws(JSONError) -> [FormatValue] {
    at += 1
    var items: [FormatValue] = []
    skipSpace()
    if take("]") { return items }
    while true {
      items.append(try value())
      skipSpace()
      if take("]") { return items }
      guard take(",") else { throw fault("a comma or ']' is missing") }
    }
  }

  private mutating func string() throws(JSONError) -> String {
    at += 1
    var result: [UInt8] = []
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      if byte == UInt8(ascii: "\"") { return String(decoding: result, as: UTF8.self) }
      guard byte == UInt8(ascii: "\\") else {
        result.append(byte)
        continue
      }
      guard at < bytes.count else { break }
      let escape = bytes[at]
      at += 1
      switch escape {
      case UInt8(ascii: "n"): result.append(0x0A)
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "r"): result.append(0x0D)
      case UInt8(ascii: "b"): result.append(0x08)
      case UInt8(ascii: "f"): result.append(0x0C)
      case UInt8(ascii: "u"): result += Array(String(try unicode()).utf8)
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(escape)
      default: throw fault("an unknown escape")
      }
    }
    throw fault("a string isn't closed")
  }

  private mutating func unicode() throws(JSONError) -> Character {
    var code = try hexadecimal()
    if (0xD800..<0xDC00).contains(code), take("\\u") {
      let low = try hexadecimal()
      guard (0xDC00..<0xE000).contains(low) else { throw fault("half of a surrogate pair") }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    return Character(Unicode.Scalar(code) ?? "\u{FFFD}")
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt32 {
    guard at + 4 <= bytes.count,
      let code = UInt32(String(decoding: bytes[at..<(at + 4)], as: UTF8.self), radix: 16)
    else { throw fault("four hexadecimal digits are missing") }
    at += 4
    return code
  }

  private mutating func number() throws(JSONError) -> FormatValue {
    let start = at
    while at < bytes.count,
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[at])
        || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(bytes[at])
    {
      at += 1
    }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    if let whole = Int(text) { return .int(whole) }
    if let real = Double(text) { return .float(real) }
    at = start
    throw fault("a value is missing")
  }
}
