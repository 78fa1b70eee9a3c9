/// Every invariant of a graph, as a list.
extension Graph {
  /// Checks that the graph is sound.
  ///
  /// 1. names of values are unique and not empty; names of nodes too;
  /// 2. each operand exists, and is an input, an initializer or made by an earlier node;
  /// 3. each result's producer is its node, and no value has two producers;
  /// 4. inferred types equal the stored ones;
  /// 5. outputs exist, and there is at least one;
  /// 6. an initializer's type is its tensor's.
  /// - Throws: `GraphError` with the first invariant that doesn't hold.
  public func verify() throws(GraphError) {
    var seen: Set<String> = []
    for (_, value) in values {
      if value.name.isEmpty || !seen.insert(value.name).inserted {
        throw GraphError(.notUnique(name: value.name))
      }
      if let constant = value.constant, ValueType(constant) != value.type {
        throw GraphError(
          .typeDiffers(
            value: value.name, stored: value.type, inferred: ValueType(constant)))
      }
    }
    var nodeNames: Set<String> = []
    var available = Set(inputs)
    for (id, _) in initializers { available.insert(id) }
    for node in nodes {
      if node.name.isEmpty || !nodeNames.insert(node.name).inserted {
        throw GraphError(.notUnique(name: node.name))
      }
      for input in node.inputs {
        guard let input else { continue }
        guard input.index < valueTable.count, valueTable[input.index] != nil,
          available.contains(input)
        else { throw GraphError(.operandNotAvailable).at(node: node.name) }
      }
      let types: [ValueType]
      do {
        types = try node.op.infer(operands(of: node))
      } catch {
        throw error.at(node: node.name)
      }
      guard types.count == node.outputs.count else {
        throw GraphError(.resultCount(expected: types.count, found: node.outputs.count))
          .at(node: node.name)
      }
      for (output, type) in zip(node.outputs, types) {
        let value = self[output]
        guard value.producer == node.id, available.insert(output).inserted else {
          throw GraphError(.operandNotAvailable).at(node: node.name)
        }
        if value.type != type {
          throw GraphError(.typeDiffers(value: value.name, stored: value.type, inferred: type))
            .at(node: node.name)
        }
      }
    }
    guard !outputs.isEmpty, outputs.allSatisfy(available.contains) else {
      throw GraphError(.noOutput)
    }
  }
}
