import CONNX
import CProtobufC
import ECGraph

extension ModelMessage {
  func fillModel(_ graph: Graph, _ nodes: [UnsafeMutablePointer<Onnx__NodeProto>]) {
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
    let opsets = [("", options.opset)] + domains.map { ($0, 1) }
    model.pointee.n_opset_import = opsets.count
    model.pointee.opset_import = arena.array(
      opsets.map { domain, version in
        let opset = arena.make { onnx__operator_set_id_proto__init($0) }
        opset.pointee.domain = arena.text(domain)
        opset.pointee.has_version = 1
        opset.pointee.version = Int64(version)
        return opset
      })
    let metadata = metadata(graph)
    model.pointee.n_metadata_props = metadata.count
    model.pointee.metadata_props = arena.array(metadata.map { entry($0.key, $0.value) })
  }

  /// The graph's pairs, then those of the options; keys must be unique, so the options' ones win.
  private func metadata(_ graph: Graph) -> [(key: String, value: String)] {
    let added = Set(options.metadata.map(\.key))
    return graph.metadata.filter { !added.contains($0.key) } + options.metadata
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
}
