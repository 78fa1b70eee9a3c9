import CYAML
import ECGraph

/// A text that isn't YAML: what was found, and on which line.
package struct YAMLError: Error {
  package let what: String
}

extension FormatValue {
  /// Reads the first document of a YAML 1.1 text; plain scalars become `null`, truth values and
  /// numbers by the rules of the YAML 1.2 core schema, so that `no` and `on` stay text.
  /// - Throws: `YAMLError`; also for keys that are no text, and for texts that unfold to more than
  ///   a million values.
  package init(yaml text: [UInt8]) throws(YAMLError) {
    var parser = yaml_parser_t()
    guard yaml_parser_initialize(&parser) == 1 else {
      throw YAMLError(what: "there is no memory")
    }
    defer { yaml_parser_delete(&parser) }
    var document = yaml_document_t()
    let isLoaded = text.withUnsafeBufferPointer {
      // The parser keeps the pointer only until the document is loaded.
      yaml_parser_set_input_string(&parser, $0.baseAddress, $0.count)
      return yaml_parser_load(&parser, &document) == 1
    }
    guard isLoaded else {
      let problem = parser.problem.map { String(cString: $0) } ?? "it can't be parsed"
      throw YAMLError(what: "\(problem), on line \(parser.problem_mark.line + 1)")
    }
    defer { yaml_document_delete(&document) }
    guard yaml_document_get_root_node(&document) != nil else {
      throw YAMLError(what: "it is empty")
    }
    var reader = YAMLReader()
    self = try reader.value(of: 1, in: &document, depth: 0)
  }
}

/// Turns nodes of a loaded document into values.
private struct YAMLReader {
  /// Aliases can make a small text unfold without end.
  private var remaining = 1_000_000

  package mutating func value(
    of index: Int32, in document: inout yaml_document_t, depth: Int
  ) throws(YAMLError) -> FormatValue {
    remaining -= 1
    guard depth < 100, remaining > 0 else { throw YAMLError(what: "it is nested too deeply") }
    guard let node = yaml_document_get_node(&document, index) else { return .null }
    switch node.pointee.type {
    case YAML_SCALAR_NODE:
      let scalar = node.pointee.data.scalar
      let text = String(
        decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      return scalar.style == YAML_PLAIN_SCALAR_STYLE ? Self.plain(text) : .string(text)
    case YAML_SEQUENCE_NODE:
      let items = node.pointee.data.sequence.items
      var values: [FormatValue] = []
      for item in UnsafeBufferPointer(start: items.start, count: items.top - items.start) {
        values.append(try value(of: item, in: &document, depth: depth + 1))
      }
      return .list(values)
    case YAML_MAPPING_NODE:
      let pairs = node.pointee.data.mapping.pairs
      var members: FormatObject = [:]
      for pair in UnsafeBufferPointer(start: pairs.start, count: pairs.top - pairs.start) {
        guard case .string(let key) = try value(of: pair.key, in: &document, depth: depth + 1)
        else {
          throw YAMLError(what: "a key on line \(node.pointee.start_mark.line + 1) is no text")
        }
        members[key] = try value(of: pair.value, in: &document, depth: depth + 1)
      }
      return .object(members)
    default: return .null
    }
  }

  private static func plain(_ text: String) -> FormatValue {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    default: break
    }
    if let number = Int(text) { return .int(number) }
    // Swift's own rules would take 'nan' and hexadecimal floats as well.
    let isNumeric = text.allSatisfy { "0123456789+-.eE".contains($0) }
    if isNumeric, let number = Double(text) { return .float(number) }
    return .string(text)
  }
}
