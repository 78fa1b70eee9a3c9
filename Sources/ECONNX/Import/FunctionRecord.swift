import CONNX
import CProtobufC
import ECDiagnostics
import ECGraph
import ECTensor

/// What a node says to call a function.
struct FunctionName: Hashable {
  let domain: ExactName
  let type: ExactName
  let overload: ExactName

  init(domain: String, type: String, overload: String) {
    self.domain = ExactName(domain)
    self.type = ExactName(type)
    self.overload = ExactName(overload)
  }

  init(calledBy node: NodeRecord) {
    self.init(domain: node.domain, type: node.type, overload: node.overload)
  }
}

/// A function of a model, as its file defines it.
struct FunctionRecord {
  let name: FunctionName
  let inputs: [String]
  let outputs: [String]
  /// The attributes that a call may leave out.
  var defaults: [AttributeRecord] = []
  var opsets: [(domain: String, version: Int)] = []
  var nodes: [NodeRecord] = []
  /// The types that the function states for its values.
  var stated: [EdgeRecord] = []
  /// The bytes of the FunctionProto.
  let bytes: Tensor

  /// The version of a domain's operator set that the function is written in.
  func version(of domain: String) -> Int? {
    opsets.filter { $0.domain == domain }.map(\.version).max()
  }
}

/// An attribute with its message.
struct AttributeRecord {
  let name: String
  /// The value; `nil` where only bytes can carry it.
  let value: FormatValue?
  /// The bytes of the AttributeProto.
  let bytes: [UInt8]
}

extension ModelReader {
  /// The FunctionProto in `range`.
  /// - Throws: `ONNXError` at the first thing in it that can't be read.
  func function(_ range: Range<Int>) throws(ONNXError) -> FunctionRecord {
    let message = try WireMessage(bytes, range, heavy: [7, 11, 12])
    var function = try message.withLight(
      onnx__function_proto__unpack, free: onnx__function_proto__free_unpacked,
      at: range.lowerBound
    ) { (light) throws(ONNXError) -> FunctionRecord in
      var record = FunctionRecord(
        name: FunctionName(
          domain: standard(text(light.domain)), type: text(light.name),
          overload: text(light.overload)),
        inputs: texts(light.input, light.n_input), outputs: texts(light.output, light.n_output),
        bytes: try tensors.carriedFunction(range))
      for k in 0..<light.n_opset_import {
        guard let entry = light.opset_import[k]?.pointee else { continue }
        record.opsets.append((standard(text(entry.domain)), Int(entry.version)))
      }
      return record
    }
    do throws(ONNXError) {
      for payload in message.payloads(7) { function.nodes.append(try node(payload)) }
      for payload in message.payloads(11) {
        let attribute = try AttributeReader(bytes: bytes, tensors: tensors).attribute(payload)
        function.defaults.append(
          AttributeRecord(
            name: attribute.name, value: attribute.value, bytes: Array(bytes[payload])))
      }
      for payload in message.payloads(12) { function.stated.append(try edge(payload)) }
    } catch {
      throw error.inside(Place(["function '\(function.name.type.text)'"]))
    }
    return function
  }
}
