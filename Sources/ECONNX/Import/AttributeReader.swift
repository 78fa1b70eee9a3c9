import CONNX
import CProtobufC
import ECDiagnostics
import ECGraph
import ECTensor

/// Reads attributes: numbers, texts, tensors and lists of them; graphs and types stay bytes.
struct AttributeReader {
  let bytes: UnsafeRawBufferPointer
  let tensors: TensorReader

  /// An attribute; `value` is `nil` where only bytes can carry it.
  struct Attribute {
    let name: String
    var value: FormatValue?
    /// The values that graphs in it read.
    var captures: [String] = []
    /// The attribute of a function's call that gives the value.
    var reference: String?
  }

  /// The AttributeProto in `range`.
  /// - Throws: `ONNXError` for an attribute without a type, or a tensor that can't be read.
  func attribute(_ range: Range<Int>) throws(ONNXError) -> Attribute {
    // t 5, g 6, tensors 10, graphs 11, sparse_tensor 22, sparse_tensors 23.
    let message = try WireMessage(bytes, range, heavy: [5, 6, 10, 11, 22, 23])
    return try message.withLight(
      onnx__attribute_proto__unpack, free: onnx__attribute_proto__free_unpacked,
      at: range.lowerBound
    ) { (light) throws(ONNXError) -> Attribute in
      let name = text(light.name)
      do throws(ONNXError) {
        guard light.has_type != 0 else { throw ONNXError(.node("it has no type")) }
        if !text(light.ref_attr_name).isEmpty {
          return Attribute(name: name, reference: text(light.ref_attr_name))
        }
        var result = Attribute(name: name, value: try carriable(light, message, range))
        if result.value == nil {
          for graph in message.payloads(6) + message.payloads(11) {
            try collect(graph, into: &result.captures)
          }
        }
        return result
      } catch {
        throw error.inside(.attribute(name))
      }
    }
  }

  /// The value; `nil` also for tensors of element types that are only carried.
  private func carriable(
    _ light: Onnx__AttributeProto, _ message: WireMessage, _ range: Range<Int>
  ) throws(ONNXError) -> FormatValue? {
    do throws(ONNXError) {
      return try value(light, message, range)
    } catch {
      guard case .elementType(let type) = error.reason, TensorReader.isCarried(type) else {
        throw error
      }
      return nil
    }
  }

  private func value(_ light: Onnx__AttributeProto, _ message: WireMessage, _ range: Range<Int>)
    throws(ONNXError) -> FormatValue?
  {
    switch light.type {
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT: return .float(double(light.f))
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT: return .int(Int(light.i))
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING: return .string(string(light.s))
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS:
      return .list((0..<light.n_floats).map { .float(double(light.floats[$0])) })
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS:
      return .list((0..<light.n_ints).map { .int(Int(light.ints[$0])) })
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS:
      return .list((0..<light.n_strings).map { .string(string(light.strings[$0])) })
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR:
      guard let payload = message.payload(5) else { return try missing(range) }
      return .tensor(try tensors.tensor(payload).tensor)
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__SPARSE_TENSOR:
      guard let payload = message.payload(22) else { return try missing(range) }
      return .tensor(try tensors.sparseTensor(payload).tensor)
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSORS:
      var items: [FormatValue] = []
      for payload in message.payloads(10) {
        items.append(.tensor(try tensors.tensor(payload).tensor))
      }
      return .list(items)
    default: return nil
    }
  }

  /// The shortest decimal that is this float: 1e-5 comes back as the 1e-5 that its writer meant, and
  /// is the same float when it is written again.
  private func double(_ number: Float) -> Double {
    Double(number.description) ?? Double(number)
  }

  private func missing(_ range: Range<Int>) throws(ONNXError) -> FormatValue? {
    throw ONNXError(.malformed("an attribute without its tensor", offset: range.lowerBound))
  }

  /// Attribute texts are bytes and not always UTF-8; what isn't is replaced.
  private func string(_ bytes: ProtobufCBinaryData) -> String {
    String(decoding: UnsafeBufferPointer(start: bytes.data, count: bytes.len), as: UTF8.self)
  }

  /// The operands and results of a subgraph; the ones that are outer values are captured.
  ///
  /// Nesting was limited by `WireCheck`, so that recursion ends.
  private func collect(_ graph: Range<Int>, into names: inout [String]) throws(ONNXError) {
    let message = try WireMessage(bytes, graph, heavy: [1, 12])
    for output in message.payloads(12) { try collectTexts(output, 1, into: &names) }
    for node in message.payloads(1) {
      let parts = try WireMessage(bytes, node, heavy: [1, 5])
      for input in parts.payloads(1) { names.append(String(decoding: bytes[input], as: UTF8.self)) }
      for attribute in parts.payloads(5) {
        let inner = try WireMessage(bytes, attribute, heavy: [6, 11])
        for graph in inner.payloads(6) + inner.payloads(11) { try collect(graph, into: &names) }
      }
    }
  }

  private func collectTexts(_ range: Range<Int>, _ number: UInt32, into names: inout [String])
    throws(ONNXError)
  {
    for text in try WireMessage(bytes, range, heavy: [number]).payloads(number) {
      names.append(String(decoding: bytes[text], as: UTF8.self))
    }
  }
}
