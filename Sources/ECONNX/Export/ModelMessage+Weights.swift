import CONNX
import CProtobufC
import ECTensor

extension ModelMessage {
  /// The bytes are a number that `append` recognises; they are never read through it.
  func tensor(_ name: String, _ tensor: Tensor) -> UnsafeMutablePointer<Onnx__TensorProto> {
    let message = arena.make { onnx__tensor_proto__init($0) }
    if !name.isEmpty { message.pointee.name = arena.text(name) }
    message.pointee.has_data_type = 1
    message.pointee.data_type = tensor.elementType.rawValue
    message.pointee.n_dims = tensor.shape.count
    message.pointee.dims = arena.numbers(tensor.shape.map { Int64($0) })
    // Without elements there must be no data at all.
    if tensor.count == 0 { return message }
    message.pointee.has_raw_data = 1
    let mark = UnsafeMutablePointer<UInt8>(bitPattern: ModelMessage.firstMark + UInt(tensors.count))
    message.pointee.raw_data = ProtobufCBinaryData(len: tensor.byteCount, data: mark)
    tensors.append(tensor)
    return message
  }

  static let firstMark = UInt(1) << 60

  /// Moves the bytes of all initializers of 1 KiB or more to a file of their own.
  func moveOut(_ dataName: String) {
    for message in initializers where message.pointee.raw_data.len >= 1024 {
      let offset =
        (externalByteCount + ONNXExporter.alignment - 1) / ONNXExporter.alignment
        * ONNXExporter.alignment
      let length = message.pointee.raw_data.len
      externalByteCount = offset + length
      message.pointee.has_raw_data = 0
      message.pointee.has_data_location = 1
      message.pointee.data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL
      let entries = [
        ("location", dataName), ("offset", "\(offset)"), ("length", "\(length)"),
      ].map { entry($0.0, $0.1) }
      message.pointee.n_external_data = entries.count
      message.pointee.external_data = arena.array(entries)
    }
  }

  func entry(_ key: String, _ value: String)
    -> UnsafeMutablePointer<Onnx__StringStringEntryProto>
  {
    let message = arena.make { onnx__string_string_entry_proto__init($0) }
    message.pointee.key = arena.text(key)
    message.pointee.value = arena.text(value)
    return message
  }
}
