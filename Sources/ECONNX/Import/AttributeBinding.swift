import ECGraph
import ECTensor

/// The attributes of a function's call, for the nodes of its body that refer to them.
struct AttributeBinding {
  /// The numbers of fields: a node's attributes, an attribute's own name.
  private enum Field {
    static let attribute: UInt32 = 5
    static let name: UInt32 = 1
  }

  private var given: [ExactName: AttributeRecord] = [:]
  private let captures: [String]
  private let opaque: [(name: String, range: Range<Int>)]

  /// What the call gives comes before the function's defaults.
  init(_ call: NodeRecord, _ function: FunctionRecord) throws(ONNXError) {
    captures = call.captures
    opaque = call.opaque
    for attribute in function.defaults { given[ExactName(attribute.name)] = attribute }
    if function.nodes.allSatisfy({ $0.references.isEmpty }) { return }
    for message in try messages(of: call) {
      given[ExactName(message.name)] = AttributeRecord(
        name: message.name, value: call.attributes[message.name], bytes: message.bytes)
    }
  }

  /// Gives a node the values of the attributes that it refers to; one that nobody gives vanishes.
  func bind(_ node: inout NodeRecord) throws(ONNXError) {
    if node.references.isEmpty { return }
    let references = node.references
    node.references = []
    var writer = WireWriter()
    let bytes = node.bytes.messageBytes
    try bytes.eachField { (field, whole) throws(ONNXError) in
      if field.number != Field.attribute { writer.append(fields: bytes[whole]) }
    }
    let names = Set(references.map { ExactName($0.name) })
    for message in try messages(of: node) where !names.contains(ExactName(message.name)) {
      writer.append(UInt64(Field.attribute), bytes: message.bytes)
    }
    for (name, outer) in references {
      guard let value = given[ExactName(outer)] else { continue }
      writer.append(UInt64(Field.attribute), bytes: try renamed(value.bytes, name))
      if let known = value.value {
        node.attributes[name] = known
      } else {
        node.opaque += opaque.filter { $0.name == outer }.map { (name, $0.range) }
        node.captures += captures
      }
    }
    node.bytes = writer.tensor
  }

  private func renamed(_ attribute: [UInt8], _ name: String) throws(ONNXError) -> [UInt8] {
    var writer = WireWriter()
    writer.append(UInt64(Field.name), text: name)
    try attribute.eachField { (field, whole) throws(ONNXError) in
      if field.number != Field.name { writer.append(fields: attribute[whole]) }
    }
    return writer.bytes
  }

  private func messages(of node: NodeRecord) throws(ONNXError) -> [(name: String, bytes: [UInt8])] {
    var messages: [(name: String, bytes: [UInt8])] = []
    let bytes = node.bytes.messageBytes
    try bytes.eachField { (field, _) throws(ONNXError) in
      guard field.number == Field.attribute else { return }
      let attribute = Array(bytes[field.payload])
      var name = ""
      try attribute.eachField { (inner, _) throws(ONNXError) in
        if inner.number == Field.name {
          name = String(decoding: attribute[inner.payload], as: UTF8.self)
        }
      }
      messages.append((name, attribute))
    }
    return messages
  }
}

extension [UInt8] {
  /// Visits the fields of the message that these bytes are, each also with the range of the whole
  /// field.
  func eachField(_ body: (WireField, Range<Int>) throws(ONNXError) -> Void) throws(ONNXError) {
    let fields: [(field: WireField, whole: Range<Int>)]
    fields = try withLentBytes { (buffer) throws(ONNXError) in
      var reader = WireReader(buffer, 0..<buffer.count)
      var fields: [(field: WireField, whole: Range<Int>)] = []
      var start = 0
      while let field = try reader.next() {
        fields.append((field, start..<reader.offset))
        start = reader.offset
      }
      return fields
    }
    for (field, whole) in fields { try body(field, whole) }
  }

  /// `withUnsafeBytes` with a typed error.
  private func withLentBytes<R>(
    _ body: (UnsafeRawBufferPointer) throws(ONNXError) -> R
  ) throws(ONNXError) -> R {
    let result = withUnsafeBytes { (buffer) -> Result<R, ONNXError> in
      Result { () throws(ONNXError) in try body(buffer) }
    }
    return try result.get()
  }
}
