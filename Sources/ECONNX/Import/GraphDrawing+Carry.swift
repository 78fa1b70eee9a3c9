import ECDiagnostics
import ECGraph
import ECTensor

/// Nodes that are carried as they are.
extension GraphDrawing {
  /// Why a rule isn't even asked: an operand whose type says too little for it.
  func obstacle(_ node: NodeRecord) -> String? {
    let isTypeless = table.typeless.contains(qualified(node))
    for (position, name) in node.inputs.enumerated() where !name.isEmpty {
      let key = ExactName(name)
      if carriedConstants[key] != nil { return "operand \(position) is of a type that isn't read" }
      guard let id = ids[key], graph.constant(id) == nil else { continue }
      let type = graph[id].type
      if !type.isKnown { return "the type of operand \(position) isn't known" }
      if !isTypeless && !type.elementType.isFloatingPoint && table.fallback != nil {
        return "operand \(position) isn't floating-point"
      }
    }
    return nil
  }

  /// Carries a node with its subgraphs; whatever these read are operands too.
  mutating func carry(_ node: NodeRecord, because reason: String) throws(ONNXError) {
    var inputs: [ValueID?] = []
    for name in node.inputs { inputs.append(name.isEmpty ? nil : value(name)) }
    var captures: [String] = []
    var seenNames = Set(node.inputs.map { ExactName($0) })
    for name in node.captures where seenNames.insert(ExactName(name)).inserted {
      guard let id = value(name) else { continue }
      captures.append(name)
      inputs.append(id)
    }
    let results = node.outputs.filter { !$0.isEmpty }
    let form = CarriedNode(
      type: qualified(node), domain: node.domain,
      version: node.version ?? record.version(of: node.domain) ?? 1, bytes: node.bytes,
      operandCount: node.inputs.count, captures: captures,
      hasResult: node.outputs.map { !$0.isEmpty },
      results: results.map { type(ofCarried: $0, of: node) })
    let values = try applyFallback(seen(node, carried: form), inputs)
    name(zip(results, values).map { ($0, $1) })
    let known = carried[form.type]
    carried[form.type] = (
      known?.first ?? node.title, (known?.count ?? 0) + 1, known?.reason ?? reason
    )
  }

  /// The type of a carried node's result: the one that the file states, that its operands show, or
  /// that its readers show.
  private func type(ofCarried name: String, of node: NodeRecord) -> ValueType {
    let key = ExactName(name)
    if let type = stated[key], type.isKnown || isOutput(key) { return type }
    if name == node.outputs.first, let type = keptType(node) { return type }
    return shown(name) ?? stated[key] ?? ValueType(carried: [])
  }

  /// The type that a node's operands show its first result to have.
  private func keptType(_ node: NodeRecord, first: ValueType? = nil) -> ValueType? {
    let operands = node.inputs.map { constants[ExactName($0)] }
    var types = zip(node.inputs, operands).map { name, tensor in
      tensor.map { ValueType($0) } ?? ids[ExactName(name)].map { graph[$0].type }
    }
    if let first, !types.isEmpty { types[0] = first }
    return table.keptType(qualified(node), types, operands)
  }

  /// The type that the readers of a value show, also those behind nodes that keep it.
  private func shown(_ name: String) -> ValueType? {
    // Whether a node keeps types shows on any.
    let probe = ValueType(.float32, [Dimension](repeating: .symbolic(""), count: 4))
    var names = [name]
    var next = 0
    while next < min(names.count, GraphDrawing.readerLimit) {
      for node in record.graph.nodes where node.inputs.first == names[next] {
        let operands = node.inputs.map { constants[ExactName($0)] }
        if let type = table.onnx[qualified(node)]?.expects(node.attributes, operands) {
          return type
        }
        guard let result = node.outputs.first, keptType(node, first: probe) == probe else {
          continue
        }
        if let type = stated[ExactName(result)], type.isKnown { return type }
        if !names.contains(result) { names.append(result) }
      }
      next += 1
    }
    return nil
  }

  /// So many values behind a carried node are looked at for its type.
  private static let readerLimit = 32

  private func isOutput(_ key: ExactName) -> Bool {
    record.graph.outputs.contains { ExactName($0.name) == key }
  }

  /// The value of a name that was computed on import, or is only carried, now that a node reads it at
  /// run time.
  mutating func deferred(_ key: ExactName) -> ValueID? {
    let node: NodeRecord
    if let known = extents[key] {
      node = record.graph.nodes[known.node]
    } else if let constant = carriedConstants[key] {
      node = constant
    } else {
      return nil
    }
    guard (try? carry(node, because: "its result is needed at run time")) != nil else { return nil }
    return ids[key]
  }
}
