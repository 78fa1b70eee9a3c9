import CONNX
import CProtobufC
import ECGraph
import ECTensor

extension ModelMessage {
  func fillModel(_ graph: Graph, _ nodes: [UnsafeMutablePointer<Onnx__NodeProto>]) {
    let message = arena.make { onnx__graph_proto__init($0) }
    message.pointee.name = arena.text(graph.name.isEmpty ? "model" : graph.name)
    message.pointee.n_node = nodes.count
    message.pointee.node = arena.array(nodes)
    message.pointee.n_initializer = initializers.count
    message.pointee.initializer = arena.array(initializers)
    message.pointee.n_input = graph.inputs.count
    message.pointee.input = arena.array(
      graph.inputs.map { edge(graph[$0].name, graph[$0].type) })
    message.pointee.n_output = graph.outputs.count
    message.pointee.output = arena.array(
      graph.outputs.enumerated().map { edge(graph[$1].name, graph.outputType($0)) })
    model.pointee.graph = message
    model.pointee.has_ir_version = 1
    model.pointee.ir_version = Int64(options.irVersion)
    model.pointee.producer_name = arena.text(options.producerName)
    if !options.producerVersion.isEmpty {
      model.pointee.producer_version = arena.text(options.producerVersion)
    }
    let known = Set(options.domains.map(\.domain))
    let opsets =
      [OperatorSet(domain: "", version: options.opset)] + options.domains
      + domains.filter { !known.contains($0.domain) }
    model.pointee.n_opset_import = opsets.count
    model.pointee.opset_import = arena.array(
      opsets.map { set in
        let opset = arena.make { onnx__operator_set_id_proto__init($0) }
        opset.pointee.domain = arena.text(set.domain)
        opset.pointee.has_version = 1
        opset.pointee.version = Int64(set.version)
        return opset
      })
    document(message)
    let functions = options.functions.compactMap {
      arena.unpack($0.messageBytes, onnx__function_proto__unpack)
    }
    model.pointee.n_functions = functions.count
    model.pointee.functions = arena.array(functions)
    let metadata = metadata(graph)
    model.pointee.n_metadata_props = metadata.count
    model.pointee.metadata_props = arena.array(metadata.map { entry($0.key, $0.value) })
  }

  private func document(_ graph: UnsafeMutablePointer<Onnx__GraphProto>) {
    let documentation = options.documentation
    if !documentation.graph.isEmpty { graph.pointee.doc_string = arena.text(documentation.graph) }
    if !documentation.model.isEmpty { model.pointee.doc_string = arena.text(documentation.model) }
    if !documentation.domain.isEmpty { model.pointee.domain = arena.text(documentation.domain) }
    if let version = documentation.modelVersion {
      model.pointee.has_model_version = 1
      model.pointee.model_version = Int64(version)
    }
  }

  /// The graph's pairs, then those of the options; keys must be unique, so the options' ones win.
  private func metadata(_ graph: Graph) -> [(key: String, value: String)] {
    let added = Set(options.metadata.map(\.key))
    return graph.metadata.filter { !added.contains($0.key) } + options.metadata
  }

  private func edge(_ name: String, _ type: ValueType)
    -> UnsafeMutablePointer<Onnx__ValueInfoProto>
  {
    let message = arena.make { onnx__value_info_proto__init($0) }
    message.pointee.name = arena.text(name)
    if let carried = type.carried {
      if !carried.isEmpty { message.pointee.type = arena.unpack(carried, onnx__type_proto__unpack) }
      return message
    }
    let shape = arena.make { onnx__tensor_shape_proto__init($0) }
    let dimensions = type.shape.map { dimension($0) }
    shape.pointee.n_dim = dimensions.count
    shape.pointee.dim = arena.array(dimensions)
    let tensor = arena.make { onnx__type_proto__tensor__init($0) }
    tensor.pointee.has_elem_type = 1
    tensor.pointee.elem_type = type.elementType.rawValue
    tensor.pointee.shape = shape
    let proto = arena.make { onnx__type_proto__init($0) }
    proto.pointee.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE
    proto.pointee.tensor_type = tensor
    message.pointee.type = proto
    return message
  }

  private func dimension(_ extent: Dimension)
    -> UnsafeMutablePointer<Onnx__TensorShapeProto__Dimension>
  {
    let message = arena.make { onnx__tensor_shape_proto__dimension__init($0) }
    if let number = extent.value {
      message.pointee.value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE
      message.pointee.dim_value = Int64(number)
    } else if let (factor, name) = extent.symbol, !name.isEmpty {
      message.pointee.value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM
      message.pointee.dim_param = arena.text(factor == 1 ? name : "\(factor)*\(name)")
    }
    return message
  }
}
