import CONNX
import CProtobufC
import ECDiagnostics
import ECGraph

extension ModelMessage {
  /// An attribute message, by the kind of its value:
  ///
  /// whole numbers and truth values are INT, other numbers FLOAT, texts STRING, tensors TENSOR; a list
  /// is INTS, FLOATS (also where only some of its numbers are whole), STRINGS or TENSORS, and INTS
  /// where it is empty: all lists of ONNX operators that may be empty hold whole numbers.
  /// - Throws: `ONNXError.attributeValue` for objects and lists of mixed kinds.
  func attribute(_ name: String, _ value: FormatValue) throws(ONNXError)
    -> UnsafeMutablePointer<Onnx__AttributeProto>
  {
    let message = arena.make { onnx__attribute_proto__init($0) }
    message.pointee.name = arena.text(name)
    message.pointee.has_type = 1
    switch value {
    case .int, .bool:
      message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT
      message.pointee.has_i = 1
      message.pointee.i = Int64(value.int ?? 0)
    case .float(let number):
      message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT
      message.pointee.has_f = 1
      message.pointee.f = Float(number)
    case .string(let text):
      message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING
      message.pointee.has_s = 1
      message.pointee.s = arena.bytes(text)
    case .tensor(let tensor):
      message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR
      message.pointee.t = self.tensor("", tensor)
    case .list(let items):
      try fill(message, items, name)
    case .object, .null:
      throw ONNXError(.attributeValue("an object"), at: .attribute(name))
    }
    return message
  }

  private func fill(
    _ message: UnsafeMutablePointer<Onnx__AttributeProto>, _ items: [FormatValue], _ name: String
  ) throws(ONNXError) {
    let wholes = items.compactMap { item -> Int64? in
      switch item {
      case .int(let number): Int64(number)
      case .bool(let flag): flag ? 1 : 0
      default: nil
      }
    }
    if wholes.count == items.count {
      message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS
      message.pointee.n_ints = items.count
      message.pointee.ints = arena.numbers(wholes)
      return
    }
    let numbers = items.compactMap(\.double)
    let texts = items.compactMap(\.string)
    let tensors = items.compactMap(\.tensor)
    if numbers.count == items.count {
      message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS
      message.pointee.n_floats = items.count
      message.pointee.floats = arena.numbers(numbers.map { Float($0) })
    } else if texts.count == items.count {
      message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS
      message.pointee.n_strings = items.count
      message.pointee.strings = arena.numbers(texts.map { arena.bytes($0) })
    } else if tensors.count == items.count {
      message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSORS
      message.pointee.n_tensors = items.count
      message.pointee.tensors = arena.array(tensors.map { tensor("", $0) })
    } else {
      throw ONNXError(.attributeValue("a list of mixed kinds"), at: .attribute(name))
    }
  }
}
