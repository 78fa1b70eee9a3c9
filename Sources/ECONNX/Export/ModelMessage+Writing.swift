import CONNX
import CProtobufC
import ECTensor

extension ModelMessage {
  /// What `append` gets: protobuf-c's buffer first, then who takes the bytes.
  private struct Stream {
    var base: ProtobufCBuffer
    var owner: Unmanaged<ModelMessage>
    var sink: Unmanaged<ByteSink>
  }

  /// Writes the model's file.
  func write(to sink: ByteSink) throws(ONNXError) {
    let expected = byteCount
    var stream = Stream(
      base: ProtobufCBuffer(append: { buffer, count, bytes in
        guard let buffer, let bytes else { return }
        buffer.withMemoryRebound(to: Stream.self, capacity: 1) { stream in
          let sink = stream.pointee.sink.takeUnretainedValue()
          let mark = UInt(bitPattern: bytes)
          let owner = stream.pointee.owner.takeUnretainedValue()
          if mark >= ModelMessage.firstMark {
            owner.stream(Int(mark - ModelMessage.firstMark), to: sink)
          } else {
            sink.append(UnsafeRawBufferPointer(start: bytes, count: count))
          }
        }
      }), owner: .passUnretained(self), sink: .passUnretained(sink))
    withExtendedLifetime((self, sink)) {
      withUnsafeMutablePointer(to: &stream) { pointer in
        pointer.withMemoryRebound(to: ProtobufCBuffer.self, capacity: 1) { buffer in
          _ = onnx__model_proto__pack_to_buffer(model, buffer)
        }
      }
      sink.flush()
    }
    if sink.failure != 0 { throw ONNXExporter.failure(sink.failure) }
    precondition(sink.byteCount == expected, "the packed size was predicted exactly")
  }

  private func stream(_ index: Int, to sink: ByteSink) {
    // After a failure nothing is written, so nothing needs to be made either.
    if sink.failure == 0 { tensors[index].forEachPiece { sink.append($0) } }
  }

  /// Writes the file of weights.
  func writeExternal(to sink: ByteSink) throws(ONNXError) {
    for message in initializers where message.pointee.has_data_location == 1 {
      let position =
        (sink.byteCount + ONNXExporter.alignment - 1) / ONNXExporter.alignment
        * ONNXExporter.alignment
      sink.appendZeros(position - sink.byteCount)
      stream(
        Int(UInt(bitPattern: message.pointee.raw_data.data) - ModelMessage.firstMark), to: sink)
    }
    sink.flush()
    if sink.failure != 0 { throw ONNXExporter.failure(sink.failure) }
  }
}
