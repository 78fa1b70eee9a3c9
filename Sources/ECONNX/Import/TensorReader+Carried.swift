import CONNX
import CProtobufC
import ECTensor

/// Messages that are carried as bytes.
///
/// Tensors in them may lie in files beside the model, which the result's folder needn't have: their
/// data are written into the message.
extension TensorReader {
  /// The numbers of TensorProto's fields that say where the data are.
  private enum Field {
    static let raw: UInt32 = 9
    static let entries: UInt32 = 13
    static let location: UInt32 = 14
  }

  /// A NodeProto without data elsewhere.
  func carriedNode(_ range: Range<Int>) throws(ONNXError) -> Tensor {
    var node = Onnx__NodeProto()
    onnx__node_proto__init(&node)
    return try carried(range, node.base.descriptor)
  }

  /// A FunctionProto without data elsewhere.
  func carriedFunction(_ range: Range<Int>) throws(ONNXError) -> Tensor {
    var function = Onnx__FunctionProto()
    onnx__function_proto__init(&function)
    return try carried(range, function.base.descriptor)
  }

  /// The bytes of a TensorProto without data elsewhere.
  func carriedTensor(_ range: Range<Int>) throws(ONNXError) -> [UInt8] {
    try inlined(range) ?? Array(bytes[range])
  }

  /// What the external data of a tensor say: location, offset, length.
  static func entries(_ light: Onnx__TensorProto) -> [String: String] {
    var entries: [String: String] = [:]
    for k in 0..<light.n_external_data {
      if let entry = light.external_data[k]?.pointee {
        entries[text(entry.key)] = text(entry.value)
      }
    }
    return entries
  }

  private func carried(
    _ range: Range<Int>, _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>?
  ) throws(ONNXError) -> Tensor {
    var tensor = Onnx__TensorProto()
    onnx__tensor_proto__init(&tensor)
    guard let message = try rewritten(range, descriptor, tensor.base.descriptor) else {
      return view(range)
    }
    var writer = WireWriter()
    writer.append(fields: message)
    return writer.tensor
  }

  /// The message with its tensors' data inside; `nil` where they are already.
  ///
  /// Nesting was limited by `WireCheck`, so that recursion ends.
  private func rewritten(
    _ range: Range<Int>, _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>?,
    _ tensor: UnsafePointer<ProtobufCMessageDescriptor>?
  ) throws(ONNXError) -> [UInt8]? {
    if descriptor == tensor { return try inlined(range) }
    var reader = WireReader(bytes, range)
    var writer = WireWriter()
    var copied = range.lowerBound
    var start = range.lowerBound
    while let field = try reader.next() {
      if let schema = protobuf_c_message_descriptor_get_field(descriptor, field.number)?.pointee,
        schema.type == PROTOBUF_C_TYPE_MESSAGE,
        let part = try rewritten(
          field.payload, schema.descriptor.assumingMemoryBound(to: ProtobufCMessageDescriptor.self),
          tensor)
      {
        writer.append(fields: bytes[copied..<start])
        writer.append(UInt64(field.number), bytes: part)
        copied = reader.offset
      }
      start = reader.offset
    }
    if copied == range.lowerBound { return nil }
    writer.append(fields: bytes[copied..<range.upperBound])
    return writer.bytes
  }

  /// The TensorProto with its data inside; `nil` where they are already.
  private func inlined(_ range: Range<Int>) throws(ONNXError) -> [UInt8]? {
    let message = try WireMessage(bytes, range, heavy: [Field.raw])
    let data = try message.withLight(
      onnx__tensor_proto__unpack, free: onnx__tensor_proto__free_unpacked, at: range.lowerBound
    ) { (light) throws(ONNXError) -> Tensor? in
      guard light.data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL else { return nil }
      let entries = TensorReader.entries(light)
      let shape = (0..<light.n_dims).map { Int(light.dims[$0]) }
      let needed = ElementType(rawValue: light.data_type)
        .flatMap { TensorReader.byteCount(shape, $0) }
      guard let count = needed ?? entries["length"].flatMap({ Int($0) }), count >= 0 else {
        throw ONNXError(.externalData("no length is given"), at: .weight(text(light.name)))
      }
      let part = try external.bytes(entries, expected: count)
      return Tensor(
        elementType: .uint8, shape: [count], storage: part.storage, byteOffset: part.offset)
    }
    guard let data else { return nil }
    var writer = WireWriter()
    var reader = WireReader(bytes, range)
    var start = range.lowerBound
    while let field = try reader.next() {
      if ![Field.raw, Field.entries, Field.location].contains(field.number) {
        writer.append(fields: bytes[start..<reader.offset])
      }
      start = reader.offset
    }
    writer.append(UInt64(Field.raw), bytes: data.messageBytes)
    return writer.bytes
  }
}
