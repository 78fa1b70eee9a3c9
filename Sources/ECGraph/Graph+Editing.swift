public import ECTensor

/// Every verb that changes a graph.
extension Graph {
  /// Adds an input that a caller feeds.
  @discardableResult
  public mutating func addInput(_ name: String, _ type: ValueType) -> ValueID {
    let id = addValue(name, type)
    inputs.append(id)
    return id
  }

  /// Adds an initializer.
  @discardableResult
  public mutating func addConstant(_ name: String, _ tensor: Tensor) -> ValueID {
    let id = addValue(name, ValueType(tensor))
    valueTable[id.index]?.constant = tensor
    return id
  }

  /// Marks a value as a result of the graph.
  /// - Parameter stated: the extents as the source has them, whose names survive to the export.
  public mutating func addOutput(_ id: ValueID, stated: [Dimension]? = nil) {
    outputs.append(id)
    if let stated { statedExtents[outputs.count - 1] = stated }
  }

  /// Adds a node at the end, or before another one, and infers the types of its results.
  /// - Throws: `GraphError` if the operator doesn't accept the operands.
  @discardableResult
  public mutating func insert(
    _ op: any Operator, name: String, inputs: [ValueID?], origin: String,
    outputNames: [String] = [], before: NodeID? = nil
  ) throws(GraphError) -> NodeID {
    let operands = Operands(
      types: inputs.map { $0.map { self[$0].type } }, constants: inputs.map { constant($0) })
    let types: [ValueType]
    do {
      types = try Graph.types(op, operands)
    } catch {
      throw error.at(node: origin.isEmpty ? name : origin)
    }
    let id = NodeID(nodeTable.count)
    let nodeName = nodeNames.take(name)
    var outputs: [ValueID] = []
    for (k, type) in types.enumerated() {
      let wanted = k < outputNames.count ? outputNames[k] : (k == 0 ? name : "\(name):\(k)")
      let value = addValue(wanted, type)
      valueTable[value.index]?.producer = id
      outputs.append(value)
    }
    nodeTable.append(
      Node(id: id, name: nodeName, op: op, inputs: inputs, outputs: outputs, origin: origin))
    if let before, let position = order.firstIndex(of: before) {
      order.insert(id, at: position)
    } else {
      order.append(id)
    }
    return id
  }

  /// The types of an operator's results; sizes that nothing could hold are refused.
  private static func types(
    _ op: any Operator, _ operands: Operands
  ) throws(GraphError) -> [ValueType] {
    for type in operands.types.compactMap({ $0 }) where !type.hasSaneSize {
      throw GraphError(.tooLarge(type))
    }
    let types = try op.infer(operands)
    for type in types where !type.hasSaneSize { throw GraphError(.tooLarge(type)) }
    return types
  }

  /// Takes a node out; its results must have no reader left.
  public mutating func remove(_ id: NodeID) {
    for output in self[id].outputs {
      names.release(self[output].name)
      valueTable[output.index] = nil
    }
    nodeNames.release(self[id].name)
    nodeTable[id.index] = nil
    order.removeAll { $0 == id }
  }

  /// Takes many nodes out in one go. O(nodes).
  public mutating func remove(_ ids: Set<NodeID>) {
    for id in ids {
      for output in self[id].outputs {
        names.release(self[output].name)
        valueTable[output.index] = nil
      }
      nodeNames.release(self[id].name)
      nodeTable[id.index] = nil
    }
    order.removeAll { ids.contains($0) }
  }

  /// How many ids were given so far: what comes later can be taken back.
  public struct Mark: Sendable {
    fileprivate let nodes: Int
    fileprivate let values: Int

  }

  /// The present state, for `rollBack`.
  public var mark: Mark { Mark(nodes: nodeTable.count, values: valueTable.count) }

  /// The nodes that were inserted after a mark.
  public func nodes(after mark: Mark) -> [Node] { nodeTable[mark.nodes...].compactMap { $0 } }

  /// Takes back every node and value that was added after a mark; nothing older may refer to them.
  public mutating func rollBack(to mark: Mark) {
    for case let value? in valueTable[mark.values...] { names.release(value.name) }
    for case let node? in nodeTable[mark.nodes...] { nodeNames.release(node.name) }
    valueTable.removeSubrange(mark.values...)
    nodeTable.removeSubrange(mark.nodes...)
    order.removeAll { $0.index >= mark.nodes }
    inputs.removeAll { $0.index >= mark.values }
  }

  /// Takes an initializer or an unused input value out.
  public mutating func removeValue(_ id: ValueID) {
    precondition(self[id].producer == nil, "a node's result leaves with its node")
    names.release(self[id].name)
    valueTable[id.index] = nil
    inputs.removeAll { $0 == id }
  }

  /// Makes every reader of `old`, and the list of outputs, use `new` instead.
  public mutating func replaceUses(of old: ValueID, with new: ValueID) {
    for id in order {
      guard let node = nodeTable[id.index], node.inputs.contains(old) else { continue }
      for position in node.inputs.indices where node.inputs[position] == old {
        nodeTable[id.index]?.inputs[position] = new
      }
    }
    for position in outputs.indices where outputs[position] == old { outputs[position] = new }
  }

  /// Makes one operand of a node another value.
  public mutating func setInput(_ node: NodeID, _ position: Int, _ value: ValueID?) {
    guard let count = nodeTable[node.index]?.inputs.count else { return }
    if position >= count {
      nodeTable[node.index]?.inputs += [ValueID?](repeating: nil, count: position + 1 - count)
    }
    nodeTable[node.index]?.inputs[position] = value
  }

  /// Gives a node another operator; the types of its results are inferred by `retype`.
  public mutating func setOperator(_ node: NodeID, _ op: any Operator) {
    nodeTable[node.index]?.op = op
  }

  /// Gives an initializer other elements.
  public mutating func setConstant(_ id: ValueID, _ tensor: Tensor) {
    valueTable[id.index]?.constant = tensor
    valueTable[id.index]?.type = ValueType(tensor)
  }

  /// Gives an input of the graph another type.
  public mutating func setInputType(_ id: ValueID, _ type: ValueType) {
    precondition(inputs.contains(id))
    valueTable[id.index]?.type = type
  }

  /// Renames a value; takes the next free name if another value has that one.
  public mutating func rename(_ id: ValueID, to name: String) {
    guard self[id].name != name else { return }
    names.release(self[id].name)
    valueTable[id.index]?.name = names.take(name)
  }

  /// Infers the types of all results anew, in order.
  /// - Throws: `GraphError` naming the first node that doesn't accept its operands.
  public mutating func retype() throws(GraphError) {
    for id in order {
      let node = self[id]
      let types: [ValueType]
      do {
        types = try Graph.types(node.op, operands(of: node))
      } catch {
        throw error.at(node: node.name)
      }
      for (output, type) in zip(node.outputs, types) { valueTable[output.index]?.type = type }
    }
  }

  /// Infers the types of one node's results anew.
  public mutating func retype(_ id: NodeID) throws(GraphError) {
    let node = self[id]
    do {
      let types = try Graph.types(node.op, operands(of: node))
      for (output, type) in zip(node.outputs, types) { valueTable[output.index]?.type = type }
    } catch {
      throw error.at(node: node.name)
    }
  }

  /// Makes other values the results of the graph.
  public mutating func setOutputs(_ ids: [ValueID]) {
    outputs = ids
    statedExtents = [:]
  }

  /// Makes one output of the graph another value; readers of the old one stay.
  public mutating func replaceOutput(_ old: ValueID, with new: ValueID) {
    for position in outputs.indices where outputs[position] == old { outputs[position] = new }
  }

  /// Sorts the nodes so that each follows what it reads; stable. O(nodes + edges).
  public mutating func sortTopologically() {
    var placed: Set<NodeID> = []
    var sorted: [NodeID] = []
    for root in order {
      var stack: [(id: NodeID, next: Int)] = [(root, 0)]
      while let top = stack.last {
        if placed.contains(top.id) {
          stack.removeLast()
          continue
        }
        let inputs = self[top.id].inputs
        if top.next < inputs.count {
          stack[stack.count - 1].next += 1
          if let input = inputs[top.next], let producer = self[input].producer,
            !placed.contains(producer)
          {
            stack.append((producer, 0))
          }
        } else {
          placed.insert(top.id)
          sorted.append(top.id)
          stack.removeLast()
        }
      }
    }
    order = sorted
  }

  private mutating func addValue(_ name: String, _ type: ValueType) -> ValueID {
    let id = ValueID(valueTable.count)
    valueTable.append(Value(name: names.take(name), type: type))
    return id
  }
}
