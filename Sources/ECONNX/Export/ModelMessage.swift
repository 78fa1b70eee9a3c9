import CONNX
import CProtobufC
import ECGraph
import ECTensor

/// A graph as C messages, with the bytes of its weights left where they are.
final class ModelMessage {
  let arena = ProtoArena()
  let options: ONNXExportOptions
  /// The weights, by the number that stands for their bytes.
  var tensors: [Tensor] = []
  /// The names of values, those that the format's spelling adds included.
  var names: Set<String>
  var model: UnsafeMutablePointer<Onnx__ModelProto>
  var initializers: [UnsafeMutablePointer<Onnx__TensorProto>] = []
  /// Domains besides the standard one, in the order of their first node.
  var domains: [OperatorSet] = []
  /// The size of the file of weights; 0 where they stay inside.
  var externalByteCount = 0

  init(_ graph: Graph, _ options: ONNXExportOptions, dataName: String) throws(ONNXError) {
    guard ONNXExportOptions.opsets.contains(options.opset) else {
      throw ONNXError(
        .opsetNotWritten(options.opset, supported: ONNXExportOptions.opsets))
    }
    self.options = options
    model = arena.make { onnx__model_proto__init($0) }
    names = Set(graph.values.map(\.value.name))
    let spelling = try Spelling(graph, opset: options.opset, names: &names)
    domains = spelling.domains
    let nodes = try spelling.nodes.map { (node) throws(ONNXError) in try message(node) }
    for (name, weight) in spelling.initializers { initializers.append(tensor(name, weight)) }
    fillModel(graph, nodes)
    let weights = tensors.reduce(0) { $0 + $1.byteCount }
    let isExternal =
      options.externalData == .always
      || (options.externalData == .auto && weights > ONNXExporter.fileLimit)
    if isExternal { moveOut(dataName) }
  }

  /// The size of the model's file.
  var byteCount: Int { onnx__model_proto__get_packed_size(model) }

  private func message(_ node: SpelledNode) throws(ONNXError)
    -> UnsafeMutablePointer<Onnx__NodeProto>
  {
    let message: UnsafeMutablePointer<Onnx__NodeProto>
    if let carried = node.carried {
      guard let copy = arena.unpack(carried.bytes.messageBytes, onnx__node_proto__unpack) else {
        throw ONNXError(.node("its message is broken"), at: .node(node.name))
      }
      message = copy
      dropPaths(message)
    } else {
      message = arena.make { onnx__node_proto__init($0) }
      message.pointee.op_type = arena.text(node.type)
      if !node.domain.isEmpty { message.pointee.domain = arena.text(node.domain) }
      let attributes = try attributes(of: node)
      message.pointee.n_attribute = attributes.count
      message.pointee.attribute = arena.array(attributes)
    }
    message.pointee.name = arena.text(node.name)
    message.pointee.n_input = node.inputs.count
    message.pointee.input = arena.array(node.inputs.map { arena.text($0) })
    message.pointee.n_output = node.outputs.count
    message.pointee.output = arena.array(node.outputs.map { arena.text($0) })
    return message
  }

  private func attributes(of node: SpelledNode) throws(ONNXError)
    -> [UnsafeMutablePointer<Onnx__AttributeProto>]
  {
    var attributes: [UnsafeMutablePointer<Onnx__AttributeProto>] = []
    for (key, value) in node.attributes where !value.isNull {
      do throws(ONNXError) {
        attributes.append(try attribute(key, value))
      } catch {
        throw error.inside(.node(node.name))
      }
    }
    return attributes
  }

  /// Takes out pairs that hold paths of the machine on which the model was exported.
  private func dropPaths(_ node: UnsafeMutablePointer<Onnx__NodeProto>) {
    var kept: [UnsafeMutablePointer<Onnx__StringStringEntryProto>] = []
    for k in 0..<node.pointee.n_metadata_props {
      guard let entry = node.pointee.metadata_props[k] else { continue }
      let value = text(entry.pointee.value)
      if !value.contains("/") && !value.contains("\\") && !value.contains(".py") {
        kept.append(entry)
      }
    }
    node.pointee.n_metadata_props = kept.count
    node.pointee.metadata_props = arena.array(kept)
  }
}

extension Tensor {
  /// The bytes of a message.
  var messageBytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
      copyElements(into: UnsafeMutableRawBufferPointer(buffer))
      count = byteCount
    }
  }
}
