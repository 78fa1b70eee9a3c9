import CONNX
import CProtobufC
import ECDiagnostics
import ECGraph
import ECTensor

/// A graph as C messages, with the bytes of its weights left where they are.
final class ModelMessage {
  let arena = ProtoArena()
  private let options: ONNXExportOptions
  /// The weights, by the number that stands for their bytes.
  private var tensors: [Tensor] = []
  /// The names of nodes and values that the format's spelling adds.
  private var names: Set<String> = []
  private var model: UnsafeMutablePointer<Onnx__ModelProto>
  private var initializers: [UnsafeMutablePointer<Onnx__TensorProto>] = []
  /// The size of the file of weights; 0 where they stay inside.
  private(set) var externalByteCount = 0

  init(_ graph: Graph, _ options: ONNXExportOptions, dataName: String) throws(ONNXError) {
    self.options = options
    model = arena.make { onnx__model_proto__init($0) }
    for (_, value) in graph.values { names.insert(value.name) }
    let nodes = try makeNodes(graph)
    addInitializers(graph)
    fillModel(graph, nodes)
    let weights = tensors.reduce(0) { $0 + $1.byteCount }
    let isExternal =
      options.externalData == .always
      || (options.externalData == .auto && weights > ONNXExporter.fileLimit)
    if isExternal { moveOut(dataName) }
  }

  /// The size of the model's file.
  var byteCount: Int { onnx__model_proto__get_packed_size(model) }

  // MARK: Nodes

  private func makeNodes(_ graph: Graph) throws(ONNXError)
    -> [UnsafeMutablePointer<Onnx__NodeProto>]
  {
    var result: [UnsafeMutablePointer<Onnx__NodeProto>] = []
    var unsayable: [String] = []
    var nodeNames: Set<String> = []
    for node in graph.nodes {
      let context = ExportContext(
        opset: options.opset, operands: graph.operands(of: node),
        results: node.outputs.map { graph[$0].type })
      guard let exported = node.op.onnxNodes(context), !exported.nodes.isEmpty else {
        unsayable.append("\(node.op.name) '\(node.name)'")
        continue
      }
      var intermediates: [String] = []
      for (k, part) in exported.nodes.enumerated() {
        let isLast = k == exported.nodes.count - 1
        let suffix = isLast ? "" : "/\(part.type)"
        var name = node.name + suffix
        var count = 1
        while !nodeNames.insert(name).inserted {
          name = "\(node.name)\(suffix)_\(count)"
          count += 1
        }
        let outputs = isLast
          ? node.outputs.map { graph[$0].name } : [unique(graph[node.outputs[0]].name + suffix)]
        if !isLast { intermediates.append(outputs[0]) }
        let inputs = part.inputs.map { operand -> String in
          switch operand {
          case .operand(let position): node.inputs[position].map { graph[$0].name } ?? ""
          case .intermediate(let position): intermediates[position]
          case .absent: ""
          case .constant(let tensor, let suffix):
            initializer(unique("\(graph[node.outputs[0]].name)/\(suffix)"), tensor)
          }
        }
        result.append(message(part, name: name, inputs: inputs, outputs: outputs))
      }
    }
    if !unsayable.isEmpty { throw ONNXError(.notExpressible(unsayable)) }
    return result
  }

  private func unique(_ wanted: String) -> String {
    var name = wanted
    var count = 1
    while !names.insert(name).inserted {
      name = "\(wanted)_\(count)"
      count += 1
    }
    return name
  }

  private func message(_ node: FormatNode, name: String, inputs: [String], outputs: [String])
    -> UnsafeMutablePointer<Onnx__NodeProto>
  {
    let message = arena.make { onnx__node_proto__init($0) }
    var inputs = inputs
    while inputs.last == "" { inputs.removeLast() }
    message.pointee.name = arena.text(name)
    message.pointee.op_type = arena.text(node.type)
    if !node.domain.isEmpty { message.pointee.domain = arena.text(node.domain) }
    message.pointee.n_input = inputs.count
    message.pointee.input = arena.array(inputs.map { arena.text($0) })
    message.pointee.n_output = outputs.count
    message.pointee.output = arena.array(outputs.map { arena.text($0) })
    let attributes = node.attributes.map { attribute($0.key, $0.value) }
    message.pointee.n_attribute = attributes.count
    message.pointee.attribute = arena.array(attributes)
    return message
  }

  /// Whole numbers and truth values are INT, other numbers FLOAT; a list is INTS, FLOATS or STRINGS
  /// by its first element, an empty one INTS.
  private func attribute(_ name: String, _ value: FormatValue)
    -> UnsafeMutablePointer<Onnx__AttributeProto>
  {
    let message = arena.make { onnx__attribute_proto__init($0) }
    message.pointee.name = arena.text(name)
    message.pointee.has_type = 1
    switch value {
    case .int, .bool, .null:
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
    case .list(let items):
      if case .float? = items.first {
        message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS
        message.pointee.n_floats = items.count
        message.pointee.floats = arena.numbers(items.map { Float($0.double ?? 0) })
      } else if case .string? = items.first {
        message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS
        message.pointee.n_strings = items.count
        message.pointee.strings = arena.numbers(items.map { arena.bytes($0.string ?? "") })
      } else {
        message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS
        message.pointee.n_ints = items.count
        message.pointee.ints = arena.numbers(items.map { Int64($0.int ?? 0) })
      }
    case .tensor(let tensor):
      message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR
      message.pointee.t = self.tensor("", tensor)
    case .object:
      message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING
      message.pointee.has_s = 1
      message.pointee.s = arena.bytes(value.json())
    }
    return message
  }

  // MARK: Weights

  private func addInitializers(_ graph: Graph) {
    var used = Set(graph.outputs)
    for node in graph.nodes { used.formUnion(node.inputs.compactMap { $0 }) }
    // Constants that an operator spells itself (a scalar bound) may leave an operand unused.
    for (id, constant) in graph.initializers where used.contains(id) {
      initializers.append(tensor(graph[id].name, constant))
    }
  }

  private func initializer(_ name: String, _ tensor: Tensor) -> String {
    initializers.append(self.tensor(name, tensor))
    return name
  }

  /// The bytes are a number that `append` recognises; they are never read through it.
  private func tensor(_ name: String, _ tensor: Tensor) -> UnsafeMutablePointer<Onnx__TensorProto> {
    let message = arena.make { onnx__tensor_proto__init($0) }
    if !name.isEmpty { message.pointee.name = arena.text(name) }
    message.pointee.has_data_type = 1
    message.pointee.data_type = tensor.elementType.rawValue
    message.pointee.n_dims = tensor.shape.count
    message.pointee.dims = arena.numbers(tensor.shape.map { Int64($0) })
    message.pointee.has_raw_data = 1
    let mark = UnsafeMutablePointer<UInt8>(bitPattern: ModelMessage.firstMark + UInt(tensors.count))
    message.pointee.raw_data = ProtobufCBinaryData(len: tensor.byteCount, data: mark)
    tensors.append(tensor)
    return message
  }

  private static let firstMark = UInt(1) << 60

  /// Moves the bytes of all initializers of 1 KiB or more to a file of their own.
  private func moveOut(_ dataName: String) {
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

  private func entry(_ key: String, _ value: String)
    -> UnsafeMutablePointer<Onnx__StringStringEntryProto>
  {
    let message = arena.make { onnx__string_string_entry_proto__init($0) }
    message.pointee.key = arena.text(key)
    message.pointee.value = arena.text(value)
    return message
  }

  // MARK: The model

  private func fillModel(_ graph: Graph, _ nodes: [UnsafeMutablePointer<Onnx__NodeProto>]) {
    let message = arena.make { onnx__graph_proto__init($0) }
    message.pointee.name = arena.text(graph.name.isEmpty ? "model" : graph.name)
    message.pointee.n_node = nodes.count
    message.pointee.node = arena.array(nodes)
    message.pointee.n_initializer = initializers.count
    message.pointee.initializer = arena.array(initializers)
    message.pointee.n_input = graph.inputs.count
    message.pointee.input = arena.array(graph.inputs.map { edge(graph[$0]) })
    message.pointee.n_output = graph.outputs.count
    message.pointee.output = arena.array(graph.outputs.map { edge(graph[$0]) })
    model.pointee.graph = message
    model.pointee.has_ir_version = 1
    model.pointee.ir_version = Int64(options.irVersion)
    model.pointee.producer_name = arena.text(options.producerName)
    if !options.producerVersion.isEmpty {
      model.pointee.producer_version = arena.text(options.producerVersion)
    }
    let opset = arena.make { onnx__operator_set_id_proto__init($0) }
    opset.pointee.domain = arena.text("")
    opset.pointee.has_version = 1
    opset.pointee.version = Int64(options.opset)
    model.pointee.n_opset_import = 1
    model.pointee.opset_import = arena.array([opset])
    model.pointee.n_metadata_props = graph.metadata.count
    model.pointee.metadata_props = arena.array(graph.metadata.map { entry($0.key, $0.value) })
  }

  private func edge(_ value: Value) -> UnsafeMutablePointer<Onnx__ValueInfoProto> {
    let shape = arena.make { onnx__tensor_shape_proto__init($0) }
    let dimensions = value.type.shape.map { extent in
      let message = arena.make { onnx__tensor_shape_proto__dimension__init($0) }
      switch extent {
      case .fixed(let number):
        message.pointee.value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE
        message.pointee.dim_value = Int64(number)
      case .symbolic(let name) where !name.isEmpty:
        message.pointee.value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM
        message.pointee.dim_param = arena.text(name)
      case .symbolic: break
      }
      return message
    }
    shape.pointee.n_dim = dimensions.count
    shape.pointee.dim = arena.array(dimensions)
    let tensor = arena.make { onnx__type_proto__tensor__init($0) }
    tensor.pointee.has_elem_type = 1
    tensor.pointee.elem_type = value.type.elementType.rawValue
    tensor.pointee.shape = shape
    let type = arena.make { onnx__type_proto__init($0) }
    type.pointee.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE
    type.pointee.tensor_type = tensor
    let message = arena.make { onnx__value_info_proto__init($0) }
    message.pointee.name = arena.text(value.name)
    message.pointee.type = type
    return message
  }

  // MARK: Writing

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
    tensors[index].forEachPiece { sink.append($0) }
  }

  /// Writes the file of weights.
  func writeExternal(to sink: ByteSink) throws(ONNXError) {
    for message in initializers where message.pointee.has_data_location == 1 {
      let position =
        (sink.byteCount + ONNXExporter.alignment - 1) / ONNXExporter.alignment
        * ONNXExporter.alignment
      sink.appendZeros(position - sink.byteCount)
      stream(Int(UInt(bitPattern: message.pointee.raw_data.data) - ModelMessage.firstMark), to: sink)
    }
    sink.flush()
    if sink.failure != 0 { throw ONNXExporter.failure(sink.failure) }
  }
}
