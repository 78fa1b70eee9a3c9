import CONNX
import CProtobufC

/// Checks the framing of a whole file before any of it is unpacked.
///
/// protobuf-c recurses once per nested message without a limit, so that a small crafted file would
/// exhaust the stack; this walk keeps its own stack instead.
enum WireCheck {
  /// The deepest nesting of messages that is read; real models stay below 30.
  static let nestingLimit = 100

  private struct Frame {
    var reader: WireReader
    let descriptor: UnsafePointer<ProtobufCMessageDescriptor>?
  }

  /// Walks every message of a model.
  /// - Throws: `ONNXError` for bad framing, nesting above the limit, or a NUL within a text.
  static func check(_ bytes: UnsafeRawBufferPointer) throws(ONNXError) {
    var model = Onnx__ModelProto()
    onnx__model_proto__init(&model)
    var frames = [
      Frame(reader: WireReader(bytes, 0..<bytes.count), descriptor: model.base.descriptor)
    ]
    while !frames.isEmpty {
      let top = frames.count - 1
      guard let field = try frames[top].reader.next() else {
        frames.removeLast()
        continue
      }
      guard let descriptor = frames[top].descriptor,
        let schema = protobuf_c_message_descriptor_get_field(descriptor, field.number)?.pointee
      else { continue }
      let isBlock = [PROTOBUF_C_TYPE_MESSAGE, PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_BYTES]
        .contains(schema.type)
      guard isBlock else { continue }
      guard field.kind == .lengthDelimited else {
        throw ONNXError(
          .malformed(
            "field \(field.number) with wire type \(field.kind.rawValue)",
            offset: field.payload.lowerBound))
      }
      if schema.type == PROTOBUF_C_TYPE_MESSAGE {
        guard frames.count < nestingLimit else {
          throw ONNXError(.nestedTooDeep(limit: nestingLimit))
        }
        frames.append(
          Frame(
            reader: WireReader(bytes, field.payload),
            descriptor: schema.descriptor.assumingMemoryBound(
              to: ProtobufCMessageDescriptor.self)))
      } else if schema.type == PROTOBUF_C_TYPE_STRING, !field.payload.isEmpty {
        let text = UnsafeRawBufferPointer(rebasing: bytes[field.payload])
        if text.contains(0) {
          throw ONNXError(.malformed("a NUL within a text", offset: field.payload.lowerBound))
        }
      }
    }
  }
}
