public import ECTensor

/// A model: nodes in topological order over named values. A value type; copies are cheap.
public struct Graph: Sendable {
  /// The name of the model.
  public var name: String
  /// Key-value pairs carried from and to the file (ONNX `metadata_props`).
  public var metadata: [(key: String, value: String)] = []
  /// The inputs that a caller feeds, in order.
  public internal(set) var inputs: [ValueID] = []
  /// The results that a caller gets, in order.
  public internal(set) var outputs: [ValueID] = []
  /// The extents of outputs as the source states them, by position.
  public internal(set) var statedExtents: [Int: [Dimension]] = [:]
  /// The nodes in topological order.
  public internal(set) var order: [NodeID] = []

  var valueTable: [Value?] = []
  var nodeTable: [Node?] = []
  var names = NameAuthority()
  var nodeNames = NameAuthority()

  /// Makes an empty graph.
  public init(name: String) {
    self.name = name
  }

  /// The value of an id.
  /// - Precondition: the id is of this graph and not removed.
  public subscript(id: ValueID) -> Value {
    guard let value = valueTable[id.index] else { preconditionFailure("value was removed") }
    return value
  }

  /// The node of an id.
  /// - Precondition: the id is of this graph and not removed.
  public subscript(id: NodeID) -> Node {
    guard let node = nodeTable[id.index] else { preconditionFailure("node was removed") }
    return node
  }

  /// The nodes in topological order.
  public var nodes: [Node] { order.map { self[$0] } }

  /// All values that exist, by id.
  public var values: [(id: ValueID, value: Value)] {
    valueTable.indices.compactMap { k in valueTable[k].map { (ValueID(k), $0) } }
  }

  /// The initializers, by id.
  public var initializers: [(id: ValueID, tensor: Tensor)] {
    values.compactMap { entry in entry.value.constant.map { (entry.id, $0) } }
  }

  /// The type of an output, with the source's names for extents that are known only at run time.
  public func outputType(_ position: Int) -> ValueType {
    let type = self[outputs[position]].type
    guard type.isKnown, let stated = statedExtents[position], stated.count == type.rank else {
      return type
    }
    let shape = zip(type.shape, stated).map { own, name in
      own.value == nil && name.value == nil && name != .symbolic("") ? name : own
    }
    return ValueType(type.elementType, shape)
  }

  /// The elements of a value, if it is an initializer.
  public func constant(_ id: ValueID?) -> Tensor? {
    id.flatMap { self[$0].constant }
  }

  /// The value of a name, if there is one. O(values).
  public func value(named name: String) -> ValueID? {
    valueTable.firstIndex { $0?.name == name }.map { ValueID($0) }
  }

  /// Who reads each value, as (node, operand position), in topological order. O(nodes).
  public func consumers() -> [ValueID: [(node: NodeID, operand: Int)]] {
    var readers: [ValueID: [(node: NodeID, operand: Int)]] = [:]
    for id in order {
      for (position, input) in self[id].inputs.enumerated() {
        if let input { readers[input, default: []].append((id, position)) }
      }
    }
    return readers
  }

  /// The operands of a node, as its operator sees them.
  public func operands(of node: Node) -> Operands {
    Operands(
      types: node.inputs.map { $0.map { self[$0].type } },
      constants: node.inputs.map { constant($0) })
  }

  /// The number of elements of all initializers that some node reads or that are outputs.
  public var parameterCount: Int {
    var used = Set(outputs)
    for id in order { used.formUnion(self[id].inputs.compactMap { $0 }) }
    return initializers.reduce(0) { $0 + (used.contains($1.id) ? $1.tensor.count : 0) }
  }

  /// The multiply-accumulates of all nodes for one sample; unknown extents count as 1.
  public var macCount: Int {
    nodes.reduce(0) { $0.plus(macs(of: $1)) }
  }

  /// The multiply-accumulates of one node for one sample.
  ///
  /// Where windows have joined the batch, one sample is that many rows.
  public func macs(of node: Node) -> Int {
    let row = node.op.macs(operands(of: node), results: node.outputs.map { self[$0].type })
    guard row > 0, let output = node.outputs.first, let rows = self[output].type.shape.first else {
      return row
    }
    if let symbol = rows.symbol { return row.times(symbol.factor) }
    guard let count = rows.value, let input = inputs.first,
      let batch = self[input].type.shape.first?.value, batch > 0, count % batch == 0
    else { return row }
    return row.times(count / batch)
  }
}
