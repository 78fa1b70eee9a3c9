import ECGraph
import ECTensor

/// One node as it will stand in the file.
struct SpelledNode {
  let name: String
  let type: String
  let domain: String
  let attributes: FormatObject
  let inputs: [String]
  let outputs: [String]
  /// The node of the source that is written as it was, but for its name and those of its values.
  var carried: CarriedNode?
}

/// A graph in the words of ONNX: nodes, and the constants that they read, all with unique names.
struct Spelling {
  private(set) var nodes: [SpelledNode] = []
  /// The constants that nodes or outputs read, in the order of their first reader.
  private(set) var initializers: [(name: String, tensor: Tensor)] = []
  private(set) var domains: [OperatorSet] = []
  private var listed: Set<ValueID> = []
  private var nodeNames: Set<String> = []
  private let opset: Int

  /// Asks every operator for its spelling; `names` holds the taken names of values, and gets more.
  /// - Throws: `ONNXError.notExpressible` listing all operators that this opset can't say.
  init(_ graph: Graph, opset: Int, names: inout Set<String>) throws(ONNXError) {
    self.opset = opset
    var unsayable: [String] = []
    for node in graph.nodes {
      let context = ExportContext(
        opset: opset, operands: graph.operands(of: node),
        results: node.outputs.map { graph[$0].type })
      let present = node.op.onnxNodes(context)?.nodes ?? []
      let exported = present.compactMap {
        OlderForm.node($0, opset: opset, constants: context.operands.constants)
      }
      if let carried = exported.first?.carried {
        if !carried.domain.isEmpty || carried.version == opset {
          spell(node, carried, graph, &names)
        } else {
          unsayable.append(
            "\(node.op.name) '\(node.name)' is carried from opset \(carried.version)")
        }
      } else if !exported.isEmpty && exported.count == present.count {
        spell(node, exported, graph, &names)
      } else {
        unsayable.append("\(node.op.name) '\(node.name)'")
      }
    }
    if !unsayable.isEmpty { throw ONNXError(.notExpressible(unsayable)) }
    for output in graph.outputs { list(output, graph, &names) }
  }

  private mutating func spell(
    _ node: Node, _ parts: [FormatNode], _ graph: Graph, _ names: inout Set<String>
  ) {
    let results = node.outputs.map { graph[$0].name }
    var intermediates: [String] = []
    for (k, part) in parts.enumerated() {
      let isLast = k == parts.count - 1
      var inputs: [String] = []
      for operand in part.inputs {
        switch operand {
        case .operand(let position):
          let id = position < node.inputs.count ? node.inputs[position] : nil
          if let id { list(id, graph, &names) }
          inputs.append(id.map { graph[$0].name } ?? "")
        case .intermediate(let position): inputs.append(intermediates[position])
        case .absent: inputs.append("")
        case .constant(let tensor, let suffix):
          inputs.append(add(tensor, "\(results[0])/\(suffix)", &names))
        case .matching(let tensor, let suffix):
          let type = node.inputs.first?.map { graph[$0].type.elementType }
          let matched = type == .float16 ? tensor.asFloat16() : tensor
          inputs.append(add(matched, "\(results[0])/\(suffix)", &names))
        }
      }
      while inputs.last == "" { inputs.removeLast() }
      var outputs = results
      if !isLast {
        outputs = (0..<max(part.outputCount, 1)).map { _ in
          Spelling.take("\(results[0])/\(part.type)", &names)
        }
        intermediates.append(outputs[0])
      }
      if !part.domain.isEmpty { add(OperatorSet(domain: part.domain, version: 1)) }
      let name = Spelling.take(isLast ? node.name : "\(node.name)/\(part.type)", &nodeNames)
      nodes.append(
        SpelledNode(
          name: name, type: part.type, domain: part.domain, attributes: part.attributes,
          inputs: inputs, outputs: outputs))
    }
  }

  private mutating func add(_ set: OperatorSet) {
    if !domains.contains(where: { $0.domain == set.domain }) { domains.append(set) }
  }

  /// A node as it was. Its subgraphs know outer values by name: one that has another name now gets
  /// the old one as well.
  private mutating func spell(
    _ node: Node, _ carried: CarriedNode, _ graph: Graph, _ names: inout Set<String>
  ) {
    if !carried.domain.isEmpty {
      add(OperatorSet(domain: carried.domain, version: carried.version))
    }
    let present = node.inputs.map { id -> String in
      guard let id else { return "" }
      list(id, graph, &names)
      return graph[id].name
    }
    for (name, own) in zip(carried.captures, present[carried.operandCount...]) {
      guard name != own, names.insert(name).inserted else { continue }
      nodes.append(
        SpelledNode(
          name: Spelling.take("\(node.name)/Identity", &nodeNames), type: "Identity", domain: "",
          attributes: [:], inputs: [own], outputs: [name]))
    }
    var results = node.outputs.map { graph[$0].name }[...]
    nodes.append(
      SpelledNode(
        name: Spelling.take(node.name, &nodeNames), type: carried.type, domain: carried.domain,
        attributes: [:], inputs: Array(present[..<carried.operandCount]),
        outputs: carried.hasResult.map { $0 ? results.removeFirst() : "" }, carried: carried))
  }

  /// Adds a constant of the spelling; gives its name.
  private mutating func add(
    _ tensor: Tensor, _ wanted: String, _ names: inout Set<String>
  ) -> String {
    let name = Spelling.take(wanted, &names)
    initializers.append((name, tensor))
    return name
  }

  private mutating func list(_ id: ValueID, _ graph: Graph, _ names: inout Set<String>) {
    guard let tensor = graph.constant(id), listed.insert(id).inserted else { return }
    guard let form = tensor.quantization, form.isSayable(opset: opset),
      let whole = form.encoded(tensor)
    else { return initializers.append((graph[id].name, tensor)) }
    spell(whole, form, as: graph[id].name, &names)
  }

  /// A constant as whole numbers and the node that makes it of them.
  private mutating func spell(
    _ whole: Tensor, _ form: Quantization, as name: String, _ names: inout Set<String>
  ) {
    let shape = form.axis == nil ? [] : [form.scales.count]
    let zeros = Tensor(form.zeroPoints.map(Double.init), form.elementType, shape: shape)
    let parts = [whole, Tensor(form.scales, shape: shape)] + (zeros.map { [$0] } ?? [])
    let inputs = zip(parts, ["quantized", "scale", "zero_point"]).enumerated().map { k, part in
      let source = k < form.names.count ? form.names[k] : ""
      return add(part.0, source.isEmpty ? "\(name)/\(part.1)" : source, &names)
    }
    nodes.append(
      SpelledNode(
        name: Spelling.take("\(name)/DequantizeLinear", &nodeNames), type: "DequantizeLinear",
        domain: "", attributes: form.axis.map { ["axis": .int($0)] } ?? [:], inputs: inputs,
        outputs: [name]))
  }

  /// `wanted`, or the first free of `wanted_1`, `wanted_2`, …
  private static func take(_ wanted: String, _ taken: inout Set<String>) -> String {
    var name = wanted
    var count = 1
    while !taken.insert(name).inserted {
      name = "\(wanted)_\(count)"
      count += 1
    }
    return name
  }
}

extension Quantization {
  /// Whether DequantizeLinear can say it: along an axis since 13, of sixteen bits since 21.
  fileprivate func isSayable(opset: Int) -> Bool {
    switch elementType {
    case .int8, .uint8, .int32: opset >= (axis == nil ? 10 : 13)
    case .int16, .uint16: opset >= 21
    default: false
    }
  }
}
