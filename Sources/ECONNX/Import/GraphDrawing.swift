import ECDiagnostics
import ECGraph
import ECTensor

/// Turns the records of a file into a graph, node by node.
///
/// What depends on constants and extents alone is computed and never drawn, unless some node needs it
/// at run time after all. Nodes that no rule understands are carried.
struct GraphDrawing {
  let record: ModelRecord
  let opset: Int
  let table: OperatorTable
  private let inputShapes: [String: [Dimension]]
  let nodes: NodeOrder
  let uses: Set<ExactName>
  var graph = Graph(name: "")
  var ids: [ExactName: ValueID] = [:]
  var constants: [ExactName: Tensor] = [:]
  /// Whole numbers some of which are extents, and the node that makes them at run time.
  var extents: [ExactName: (elements: [Dimension?], shape: [Int], node: Int)] = [:]
  /// Constants that are only carried, by the node that makes them.
  var carriedConstants: [ExactName: NodeRecord] = [:]
  /// The types that the file states for values.
  let stated: [ExactName: ValueType]
  /// The values that carry names of the file.
  private var named: Set<ValueID> = []
  /// The operators that were carried, by type, each with the name of its first node.
  var carried: [String: (first: String, count: Int, reason: String)] = [:]
  private(set) var notes: [String] = []
  /// The weights in half precision whose casts were folded.
  private var widenedCount = 0

  init(
    record: ModelRecord, opset: Int, table: OperatorTable, inputShapes: [String: [Dimension]]
  ) {
    self.record = record
    self.opset = opset
    self.table = table
    self.inputShapes = inputShapes
    nodes = NodeOrder(record.graph)
    uses = nodes.uses()
    var stated: [ExactName: ValueType] = [:]
    for edge in record.graph.stated + record.graph.outputs {
      if let type = edge.type { stated[ExactName(edge.name)] = type }
    }
    self.stated = stated
  }

  /// Draws the graph.
  /// - Throws: `ONNXError` for what is unsound, unsupported (all of it listed), or refused by a rule.
  mutating func draw(name: String) throws(ONNXError) -> Graph {
    let source = record.graph
    graph.name = source.name.isEmpty ? name : source.name
    for (name, tensor) in source.initializers { constants[ExactName(name)] = tensor }
    for node in source.carriedInitializers {
      carriedConstants[ExactName(node.outputs[0])] = node
    }
    try nodes.checkNames()
    let order = try nodes.sorted()
    try checkSupport(order)
    let initializers = Set(source.initializerNames.map { ExactName($0) })
    for input in source.inputs where !initializers.contains(ExactName(input.name)) {
      let id = graph.addInput(input.name, try type(of: input))
      ids[ExactName(input.name)] = id
      named.insert(id)
    }
    for index in order { try draw(index) }
    for output in source.outputs { try addOutput(output) }
    removeUnused()
    note(dead: source.nodes.count - order.count)
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

  private mutating func note(dead: Int) {
    if dead > 0 {
      let nodes =
        dead == 1 ? "1 node that no output needs is" : "\(dead) nodes that no output needs are"
      notes.append("\(nodes) left out")
    }
    if widenedCount > 0 {
      let weights = widenedCount == 1 ? "1 weight is" : "\(widenedCount) weights are"
      notes.append(
        "\(weights) stored in half precision behind casts, and written as float32 without "
          + "'--dtype fp16'")
    }
    for (type, entry) in carried.sorted(by: { $0.key < $1.key }) {
      let others = entry.count == 1 ? "" : " and \(entry.count - 1) more"
      notes.append("\(type) '\(entry.first)'\(others) carried as it is: \(entry.reason)")
    }
  }

  // MARK: Support

  private func isConstant(_ node: NodeRecord) -> Bool {
    node.domain.isEmpty && node.type == "Constant"
  }

  /// The operator's type; operators of other domains are `domain.Type`.
  func qualified(_ node: NodeRecord) -> String {
    node.domain.isEmpty ? node.type : "\(node.domain).\(node.type)"
  }

  private func checkSupport(_ order: [Int]) throws(ONNXError) {
    if table.fallback != nil { return }
    let missing = order.map { record.graph.nodes[$0] }
      .filter { !isConstant($0) && table.onnx[qualified($0)] == nil }
      .map { "\(qualified($0)) '\($0.title)'" }
    if !missing.isEmpty { throw ONNXError(.unsupportedOperators(missing)) }
  }

  // MARK: Nodes

  private mutating func draw(_ index: Int) throws(ONNXError) {
    let node = record.graph.nodes[index]
    do throws(ONNXError) {
      if isConstant(node) {
        if let output = node.outputs.first {
          do throws(ONNXError) {
            constants[ExactName(output)] = try ConstantNode(node).tensor()
          } catch {
            if table.fallback == nil { throw error }
            carriedConstants[ExactName(output)] = node
          }
        }
      } else if !fold(node, index) {
        try drawOperator(node)
      }
    } catch {
      throw error.inside(.node(node.title))
    }
  }

  /// Computes a node's results without drawing it, if they are known.
  private mutating func fold(_ node: NodeRecord, _ index: Int) -> Bool {
    guard let folding = table.folding, node.domain.isEmpty, node.captures.isEmpty,
      node.obstacle == nil
    else {
      return false
    }
    let operands = node.inputs.map { $0.isEmpty ? nil : known($0) }
    guard let results = folding.results(seen(node), operands), results.count >= used(node) else {
      return false
    }
    for (name, value) in zip(node.outputs, results) where !name.isEmpty {
      switch value {
      case .tensor(let tensor):
        constants[ExactName(name)] = tensor
        if node.inputs.count == 1, case .tensor(let stored)? = operands[0]?.value,
          stored.isWidened(as: tensor)
        {
          widenedCount += 1
        }
      case .extents(let elements, let shape):
        extents[ExactName(name)] = (elements, shape, index)
      }
    }
    return true
  }

  private func known(_ name: String) -> KnownOperand {
    let key = ExactName(name)
    if let tensor = constants[key] {
      return KnownOperand(type: ValueType(tensor), value: .tensor(tensor), name: name)
    }
    if let (elements, shape, _) = extents[key] {
      return KnownOperand(
        type: ValueType(.int64, shape.map { .fixed($0) }), value: .extents(elements, shape: shape))
    }
    guard let id = ids[key] else { return KnownOperand(type: nil, value: nil) }
    return KnownOperand(type: graph[id].type, value: graph.constant(id).map { .tensor($0) })
  }

  /// The number of results that somebody reads, counted up to the last one.
  func used(_ node: NodeRecord) -> Int {
    node.outputs.lastIndex { uses.contains(ExactName($0)) }.map { $0 + 1 } ?? 0
  }

  func seen(_ node: NodeRecord, carried: CarriedNode? = nil) -> ONNXNode {
    ONNXNode(
      name: node.title, type: node.type, attributes: node.attributes,
      opset: node.version ?? opset, outputCount: used(node), carried: carried)
  }

  private mutating func drawOperator(_ node: NodeRecord) throws(ONNXError) {
    if let reason = node.obstacle { return try carry(node, because: reason) }
    guard let rule = table.onnx[qualified(node)] else {
      return try carry(node, because: "there is no rule for it")
    }
    // Operands that were put off are drawn first: only then it shows what they are.
    let (inputs, placeholders) = operands(node)
    if let reason = obstacle(node) {
      for id in placeholders.keys { graph.removeValue(id) }
      return try carry(node, because: reason)
    }
    let mark = graph.mark
    let results: [ValueID]
    do throws(FormatError) {
      results = try apply(rule, seen(node), inputs, placeholders)
    } catch {
      graph.rollBack(to: mark)
      for id in placeholders.keys { graph.removeValue(id) }
      guard table.fallback != nil, let reason = error.carries else {
        throw ONNXError(.node(error.what), at: error.place, remedy: error.remedy)
      }
      return try carry(node, because: reason)
    }
    let reads = graph.nodes(after: mark).contains { node in
      node.inputs.contains { $0.map { placeholders[$0] != nil } ?? false }
    }
    if reads || results.contains(where: { placeholders[$0] != nil }) {
      graph.rollBack(to: mark)
      for id in placeholders.keys { graph.removeValue(id) }
      return try carry(node, because: "an operand is computed at run time")
    }
    for id in placeholders.keys { graph.removeValue(id) }
    guard results.count >= used(node) else {
      throw ONNXError(.node("result \(results.count) is used, but isn't supported"))
    }
    name(zip(node.outputs, results).map { ($0, $1) })
  }

  /// The operands of a node; extents that only the run tells are stand-ins, with their elements.
  private mutating func operands(_ node: NodeRecord) -> (
    inputs: [ValueID?], placeholders: [ValueID: [Dimension]]
  ) {
    var placeholders: [ValueID: [Dimension]] = [:]
    var inputs: [ValueID?] = []
    for name in node.inputs {
      guard let (elements, shape, _) = extents[ExactName(name)],
        !elements.contains(where: { $0 == nil })
      else {
        inputs.append(name.isEmpty ? nil : value(name))
        continue
      }
      let id = graph.addInput("\(name)/extents", ValueType(.int64, shape.map { .fixed($0) }))
      placeholders[id] = elements.compactMap { $0 }
      inputs.append(id)
    }
    while inputs.last == .some(nil) { inputs.removeLast() }
    return (inputs, placeholders)
  }

  private mutating func apply(
    _ rule: ONNXRule, _ node: ONNXNode, _ inputs: [ValueID?],
    _ placeholders: [ValueID: [Dimension]] = [:]
  ) throws(FormatError) -> [ValueID] {
    // The graph is handed over, so that drawing doesn't copy it.
    let drawn = graph
    graph = Graph(name: "")
    var sketch = Sketch(graph: drawn, layer: node.name, extents: placeholders)
    do throws(FormatError) {
      let results = try rule.read(node, inputs, &sketch)
      graph = sketch.finish()
      return results
    } catch {
      graph = sketch.finish()
      throw error
    }
  }

  /// Gives results the names that they have in the file.
  mutating func name(_ results: [(name: String, id: ValueID)]) {
    for (name, id) in results where !name.isEmpty {
      if graph[id].producer != nil && !named.contains(id) { claim(name, id) }
      ids[ExactName(name)] = id
    }
  }

  /// Draws a node by the rule that carries any.
  mutating func applyFallback(_ node: ONNXNode, _ inputs: [ValueID?]) throws(ONNXError)
    -> [ValueID]
  {
    guard let fallback = table.fallback else {
      throw ONNXError(.unsupportedOperators(["\(node.type) '\(node.name)'"]))
    }
    do throws(FormatError) {
      return try apply(fallback, node, inputs)
    } catch {
      throw ONNXError(.node(error.what), at: error.place, remedy: error.remedy)
    }
  }

  /// The value of a name; a constant enters the graph when it is first read.
  mutating func value(_ name: String) -> ValueID? {
    let key = ExactName(name)
    if let id = ids[key] { return id }
    guard let tensor = constants[key] else { return deferred(key) }
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

  private mutating func addOutput(_ output: EdgeRecord) throws(ONNXError) {
    let name = output.name
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
    graph.addOutput(id, stated: output.type?.shape)
  }

  private mutating func removeUnused() {
    let readers = graph.consumers()
    let outputs = Set(graph.outputs)
    for (id, _) in graph.initializers where readers[id] == nil && !outputs.contains(id) {
      graph.removeValue(id)
    }
  }
}

extension FormatError {
  /// Why a node is carried instead of refused: its rule doesn't understand it, or not statically.
  fileprivate var carries: String? {
    switch reason {
    case .unsupported(let words): return words
    case .graph(let error):
      switch error.reason {
      case .notConstant, .refused: return error.what
      default: return nil
      }
    default: return nil
    }
  }
}

extension Tensor {
  /// Whether another tensor holds the same numbers of half precision in a wider type.
  fileprivate func isWidened(as other: Tensor) -> Bool {
    (elementType == .float16 || elementType == .bfloat16) && count > 1
      && (other.elementType == .float32 || other.elementType == .float64) && other.count == count
  }
}
