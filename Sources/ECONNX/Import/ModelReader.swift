import CONNX
import CProtobufC
import ECDiagnostics
import ECGraph
import ECTensor

/// Reads a checked file into records; weights stay where they are.
struct ModelReader {
  let bytes: UnsafeRawBufferPointer
  let tensors: TensorReader

  init(bytes: UnsafeRawBufferPointer, tensors: TensorReader) {
    self.bytes = bytes
    self.tensors = tensors
  }

  /// The whole model.
  /// - Throws: `ONNXError` at the first thing that can't be read.
  func model() throws(ONNXError) -> ModelRecord {
    let message = try WireMessage(bytes, 0..<bytes.count, heavy: [7, 20, 25])
    var model = try message.withLight(
      onnx__model_proto__unpack, free: onnx__model_proto__free_unpacked, at: 0
    ) { (light) throws(ONNXError) -> ModelRecord in
      var record = ModelRecord()
      record.irVersion = light.has_ir_version != 0 ? Int(light.ir_version) : 0
      for k in 0..<light.n_opset_import {
        guard let entry = light.opset_import[k]?.pointee else { continue }
        record.opsets.append((standard(text(entry.domain)), Int(entry.version)))
      }
      record.producer = [text(light.producer_name), text(light.producer_version)]
        .filter { !$0.isEmpty }.joined(separator: " ")
      for k in 0..<light.n_metadata_props {
        guard let entry = light.metadata_props[k]?.pointee else { continue }
        let key = text(entry.key)
        if !record.metadata.contains(where: { $0.key == key }) {
          record.metadata.append((key, text(entry.value)))
        }
      }
      record.documentation.domain = text(light.domain)
      record.documentation.model = text(light.doc_string)
      if light.has_model_version != 0 {
        record.documentation.modelVersion = Int(light.model_version)
      }
      return record
    }
    model.hasTraining = message.payload(20) != nil
    for payload in message.payloads(25) { model.functions.append(try function(payload)) }
    let parts = message.payloads(7)
    guard !parts.isEmpty else { throw ONNXError(.noGraph) }
    // A message that is written in parts is the same as all of its parts together.
    for part in parts { try read(part, into: &model.graph, &model.documentation.graph) }
    return model
  }

  func standard(_ domain: String) -> String { domain == "ai.onnx" ? "" : domain }

  private func read(
    _ range: Range<Int>, into graph: inout GraphRecord, _ documentation: inout String
  ) throws(ONNXError) {
    let message = try WireMessage(bytes, range, heavy: [1, 5, 11, 12, 13, 15])
    let small = try message.withLight(
      onnx__graph_proto__unpack, free: onnx__graph_proto__free_unpacked, at: range.lowerBound
    ) { (light) throws(ONNXError) in (text(light.name), text(light.doc_string)) }
    if !small.0.isEmpty { graph.name = small.0 }
    if !small.1.isEmpty { documentation = small.1 }
    for field in message.heavy {
      switch field.number {
      case 1: graph.nodes.append(try node(field.payload))
      case 5: try readInitializer(field.payload, into: &graph)
      case 11: graph.inputs.append(try edge(field.payload))
      case 12: graph.outputs.append(try edge(field.payload))
      case 13: graph.stated.append(try edge(field.payload))
      default: graph.initializers.append(try tensors.sparseTensor(field.payload))
      }
    }
  }

  private func readInitializer(_ range: Range<Int>, into graph: inout GraphRecord)
    throws(ONNXError)
  {
    do throws(ONNXError) {
      graph.initializers.append(try tensors.tensor(range))
    } catch {
      guard case .elementType(let type) = error.reason, TensorReader.isCarried(type) else {
        throw error
      }
      graph.carriedInitializers.append(try constantNode(range))
    }
  }

  /// An initializer as the Constant node that says the same.
  private func constantNode(_ range: Range<Int>) throws(ONNXError) -> NodeRecord {
    let name = try tensors.name(range)
    var value = WireWriter()
    value.append(1, text: "value")
    value.append(20, number: UInt64(ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR.rawValue))
    value.append(5, bytes: try tensors.carriedTensor(range))
    var node = WireWriter()
    node.append(2, text: name)
    node.append(4, text: "Constant")
    node.append(5, bytes: value.bytes[...])
    var record = NodeRecord(bytes: node.tensor)
    record.type = "Constant"
    record.outputs = [name]
    return record
  }

  /// The ValueInfoProto in `range`.
  func edge(_ range: Range<Int>) throws(ONNXError) -> EdgeRecord {
    let message = try WireMessage(bytes, range, heavy: [2])
    let type = message.payload(2)
    return try WireMessage(bytes, range, heavy: []).withLight(
      onnx__value_info_proto__unpack, free: onnx__value_info_proto__free_unpacked,
      at: range.lowerBound
    ) { (light) throws(ONNXError) in
      EdgeRecord(
        name: text(light.name), type: self.type(light.type, type.map { Array(bytes[$0]) } ?? []))
    }
  }

  private func type(_ proto: UnsafeMutablePointer<Onnx__TypeProto>?, _ bytes: [UInt8])
    -> ValueType?
  {
    guard let proto, proto.pointee.value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE,
      let tensor = proto.pointee.tensor_type?.pointee,
      let elementType = ElementType(rawValue: tensor.elem_type)
    else { return bytes.isEmpty ? nil : ValueType(carried: bytes) }
    guard let shape = tensor.shape?.pointee else { return nil }
    let extents = (0..<shape.n_dim).map { k -> Dimension in
      guard let dimension = shape.dim[k]?.pointee else { return .symbolic("") }
      if dimension.value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE,
        dimension.dim_value > 0
      {
        return .fixed(Int(dimension.dim_value))
      }
      if dimension.value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM {
        return .symbolic(text(dimension.dim_param))
      }
      // Older exporters write 0 or -1 for an extent that is known only at run time.
      return .symbolic("")
    }
    return ValueType(elementType, extents)
  }

  // MARK: Nodes

  /// The node in `range`.
  func node(_ range: Range<Int>) throws(ONNXError) -> NodeRecord {
    let message = try WireMessage(bytes, range, heavy: [5])
    var node = try message.withLight(
      onnx__node_proto__unpack, free: onnx__node_proto__free_unpacked, at: range.lowerBound
    ) { (light) throws(ONNXError) -> NodeRecord in
      var record = NodeRecord(bytes: tensors.view(range))
      record.name = text(light.name)
      record.type = text(light.op_type)
      record.domain = standard(text(light.domain))
      record.overload = text(light.overload)
      record.inputs = texts(light.input, light.n_input)
      record.outputs = texts(light.output, light.n_output)
      return record
    }
    for attribute in message.payloads(5) {
      do throws(ONNXError) {
        try read(attribute, into: &node)
      } catch {
        throw error.inside(.node(node.title))
      }
    }
    // Whatever is read as a constant is written from its elements.
    if node.type != "Constant" || !node.domain.isEmpty || !node.opaque.isEmpty {
      do throws(ONNXError) {
        node.bytes = try tensors.carriedNode(range)
      } catch {
        throw error.inside(.node(node.title))
      }
    }
    return node
  }

  private func read(_ range: Range<Int>, into node: inout NodeRecord) throws(ONNXError) {
    let reader = AttributeReader(bytes: bytes, tensors: tensors)
    let attribute = try reader.attribute(range)
    guard node.attributes[attribute.name] == nil,
      !node.opaque.contains(where: { $0.name == attribute.name })
    else { throw ONNXError(.duplicate(kind: "attribute", name: attribute.name)) }
    if let reference = attribute.reference {
      node.references.append((attribute.name, reference))
    } else if let value = attribute.value {
      node.attributes[attribute.name] = value
    } else {
      node.opaque.append((attribute.name, range))
      node.captures += attribute.captures
    }
  }
}
