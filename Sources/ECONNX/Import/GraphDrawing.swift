import ECDiagnostics
import ECGraph
import ECTensor

/// Turns the records of a file into a graph, node by node.
struct GraphDrawing {
  private let record: ModelRecord
  private let opset: Int
  private let table: OperatorTable
  private let inputShapes: [String: [Dimension]]
  private let nodes: NodeOrder
  private var graph = Graph(name: "")
  private var ids: [ExactName: ValueID] = [:]
  private var constants: [ExactName: Tensor] = [:]
  /// The values that carry names of the file.
  private var named: Set<ValueID> = []
  private(set) var notes: [String] = []

  init(
    record: ModelRecord, opset: Int, table: OperatorTable, inputShapes: [String: [Dimension]]
  ) {
    self.record = record
    self.opset = opset
    self.table = table
    self.inputShapes = inputShapes
    nodes = NodeOrder(record.graph)
  }

  /// Draws the graph.
  /// - Throws: `ONNXError` for what is unsound, unsupported (all of it listed), or refused by a rule.
  mutating func draw(name: String) throws(ONNXError) -> Graph {
    let source = record.graph
    graph.name = source.name.isEmpty ? name : source.name
    for (name, tensor) in source.initializers { constants[ExactName(name)] = tensor }
    try nodes.checkNames()
    let order = try nodes.sorted()
    try checkSupport(order)
    for input in source.inputs where constants[ExactName(input.name)] == nil {
      let id = graph.addInput(input.name, try type(of: input))
      ids[ExactName(input.name)] = id
      named.insert(id)
    }
    let uses = nodes.uses()
    for index in order { try draw(source.nodes[index], uses) }
    for output in source.outputs { try addOutput(output.name) }
    removeUnused()
    let dead = source.nodes.count - order.count
    if dead > 0 {
      let nodes =
        dead == 1 ? "1 node that no output needs is" : "\(dead) nodes that no output needs are"
      notes.append("\(nodes) left out")
    }
    return graph
  }

  private func type(of input: EdgeRecord) throws(ONNXError) -> ValueType {
    if let shape = inputShapes[input.name] {
      return ValueType(input.type?.elementType ?? .float32, shape)
    }
    guard let type = input.type else {
      throw ONNXError(.inputWithoutShape, at: Place(["input '\(input.name)'"]))
    }
    return type
  }

  // MARK: Support

  private func isConstant(_ node: NodeRecord) -> Bool {
    node.domain.isEmpty && node.type == "Constant"
  }

  /// The rule of a node; operators of other domains are looked up as `domain.Type`.
  private func rule(_ node: NodeRecord) -> ONNXRule? {
    table.onnx[qualified(node)] ?? table.fallback
  }

  private func qualified(_ node: NodeRecord) -> String {
    node.domain.isEmpty ? node.type : "\(node.domain).\(node.type)"
  }

  private func checkSupport(_ order: [Int]) throws(ONNXError) {
    let missing = order.map { record.graph.nodes[$0] }
      .filter { !isConstant($0) && rule($0) == nil }
      .map { "\(qualified($0)) '\($0.title)'" }
    if !missing.isEmpty { throw ONNXError(.unsupportedOperators(missing)) }
  }

  // MARK: Nodes

  private mutating func draw(_ node: NodeRecord, _ uses: Set<ExactName>) throws(ONNXError) {
    do throws(ONNXError) {
      if isConstant(node) {
        guard let output = node.outputs.first else { return }
        constants[ExactName(output)] = try ConstantNode(node).tensor()
        return
      }
      guard let rule = rule(node) else { return }
      var inputs = node.inputs.map { $0.isEmpty ? nil : value($0) }
      while inputs.last == .some(nil) { inputs.removeLast() }
      let used = node.outputs.lastIndex { uses.contains(ExactName($0)) }.map { $0 + 1 } ?? 0
      let seen = ONNXNode(
        name: node.title, type: node.type, attributes: node.attributes, opset: opset,
        outputCount: used)
      let results = try apply(rule, seen, inputs)
      guard results.count >= used else {
        throw ONNXError(.node("result \(results.count) is used, but isn't supported"))
      }
      for (name, id) in zip(node.outputs, results) where !name.isEmpty {
        if graph[id].producer != nil && !named.contains(id) { claim(name, id) }
        ids[ExactName(name)] = id
      }
    } catch {
      throw error.inside(.node(node.title))
    }
  }

  private mutating func apply(_ rule: ONNXRule, _ node: ONNXNode, _ inputs: [ValueID?])
    throws(ONNXError) -> [ValueID]
  {
    // The graph is handed over, so that drawing doesn't copy it.
    let drawn = graph
    graph = Graph(name: "")
    var sketch = Sketch(graph: drawn, layer: node.name)
    do {
      let results = try rule.read(node, inputs, &sketch)
      graph = sketch.finish()
      return results
    } catch {
      throw ONNXError(.node(error.what), at: error.place, remedy: error.remedy)
    }
  }

  /// The value of a name; a constant enters the graph when it is first read.
  private mutating func value(_ name: String) -> ValueID? {
    let key = ExactName(name)
    if let id = ids[key] { return id }
    guard let tensor = constants[key] else { return nil }
    let id = graph.addConstant(name, tensor)
    claim(name, id)
    ids[key] = id
    return id
  }

  /// Gives a value its name in the file; whoever took that name for something inside moves away.
  private mutating func claim(_ name: String, _ id: ValueID) {
    named.insert(id)
    graph.rename(id, to: name)
    guard graph[id].name != name, let holder = graph.value(named: name), !named.contains(holder)
    else { return }
    graph.rename(holder, to: "\(name)/inner")
    graph.rename(id, to: name)
  }

  // MARK: Outputs

  private mutating func addOutput(_ name: String) throws(ONNXError) {
    guard var id = value(name) else {
      throw ONNXError(.undefined(name: name), at: Place(["output '\(name)'"]))
    }
    if graph[id].name != name {
      if let tensor = graph.constant(id) {
        id = graph.addConstant(name, tensor)
      } else if graph[id].producer == nil || graph.outputs.contains(id) {
        throw ONNXError(.outputIsAlias(of: graph[id].name), at: Place(["output '\(name)'"]))
      }
      named.remove(id)
      claim(name, id)
    }
    graph.addOutput(id)
  }

  private mutating func removeUnused() {
    let readers = graph.consumers()
    let outputs = Set(graph.outputs)
    for (id, _) in graph.initializers where readers[id] == nil && !outputs.contains(id) {
      graph.removeValue(id)
    }
  }
}
