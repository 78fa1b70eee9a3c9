import ECDiagnostics
import ECGraph

/// Replaces calls of a model's functions by the nodes of their bodies.
///
/// What can't be said without the function stays a call, which is carried: a body with subgraphs, or
/// one in another version of an operator set than the model's.
struct FunctionInlining {
  /// More nodes and calls than any real model has: calls of calls can multiply without end.
  private static let nodeLimit = 200_000
  private static let depthLimit = 100
  /// Names grow with every call in a call.
  private static let nameByteLimit = 1 << 27

  private let record: ModelRecord
  private var functions: [FunctionName: FunctionRecord] = [:]
  private var names = FreshNames()
  private var nodes: [NodeRecord] = []
  private var stated: [EdgeRecord] = []
  /// The domains that inlined nodes need beyond those of the model.
  private var opsets: [(domain: String, version: Int)] = []
  private var keepsCalls = false
  private var visits = 0

  init(_ record: ModelRecord) throws(ONNXError) {
    self.record = record
    for function in record.functions {
      guard functions.updateValue(function, forKey: function.name) == nil else {
        throw ONNXError(.duplicate(kind: "function", name: function.name.type.text))
      }
    }
  }

  /// The model without calls of functions that can be inlined, and without the functions that
  /// nothing calls any more.
  /// - Throws: `ONNXError` for functions that call themselves, and calls that don't fit.
  mutating func inlined() throws(ONNXError) -> ModelRecord {
    for node in record.graph.nodes {
      if let reference = node.references.first {
        throw ONNXError(
          .node("it takes '\(reference.of)' from the call of a function, but isn't in one"),
          at: .node(node.title).appending(.attribute(reference.name)))
      }
    }
    if functions.isEmpty { return record }
    takeNames()
    for node in record.graph.nodes {
      do {
        try add(node, within: [])
      } catch {
        throw error.inside(.node(node.title))
      }
    }
    var result = record
    result.graph.nodes = nodes
    result.graph.stated += stated
    result.opsets += opsets
    if !keepsCalls { result.functions = [] }
    return result
  }

  private mutating func takeNames() {
    let graph = record.graph
    names.take(graph.initializerNames)
    names.take((graph.inputs + graph.outputs).map(\.name))
    for node in graph.nodes { names.take(node.inputs + node.outputs + node.captures) }
  }

  private mutating func add(_ node: NodeRecord, within calls: [FunctionName]) throws(ONNXError) {
    visits += 1
    guard calls.isEmpty || visits <= FunctionInlining.nodeLimit else {
      throw ONNXError(
        .node("calls of functions make more than \(FunctionInlining.nodeLimit) nodes"))
    }
    guard names.byteCount <= FunctionInlining.nameByteLimit else {
      throw ONNXError(
        .node("calls of functions make names of more than \(FunctionInlining.nameByteLimit) bytes"))
    }
    let name = FunctionName(calledBy: node)
    guard let function = functions[name] else { return keep(node) }
    if let reason = obstacle(function) {
      var call = node
      call.obstacle = reason
      return keep(call)
    }
    if let first = calls.firstIndex(of: name) {
      let chain = (calls[first...] + [name]).map(\.type.text)
      throw ONNXError(.node("a function calls itself: \(chain.joined(separator: " → "))"))
    }
    guard calls.count < FunctionInlining.depthLimit else {
      throw ONNXError(.nestedTooDeep(limit: FunctionInlining.depthLimit))
    }
    try inline(function, calledBy: node, within: calls + [name])
  }

  private mutating func keep(_ node: NodeRecord) {
    // Subgraphs may call functions as well.
    if node.obstacle != nil || !node.opaque.isEmpty { keepsCalls = true }
    nodes.append(node)
  }

  /// Why calls of a function are carried.
  private func obstacle(_ function: FunctionRecord) -> String? {
    if function.defaults.contains(where: { $0.value == nil })
      || function.nodes.contains(where: { !$0.opaque.isEmpty })
    {
      return "the function that it calls has subgraphs"
    }
    for node in function.nodes where functions[FunctionName(calledBy: node)] == nil {
      guard let own = function.version(of: node.domain) else { continue }
      let known = record.version(of: node.domain)
      if known != own && (known != nil || node.domain.isEmpty) {
        let set = node.domain.isEmpty ? "opset" : "version of \(node.domain)"
        return "the function that it calls is in \(set) \(own)"
      }
    }
    return nil
  }

  private mutating func inline(
    _ function: FunctionRecord, calledBy call: NodeRecord, within calls: [FunctionName]
  ) throws(ONNXError) {
    guard call.inputs.count <= function.inputs.count else {
      throw ONNXError(
        .node("\(call.inputs.count) operands, but the function takes \(function.inputs.count)"))
    }
    guard call.outputs.count <= function.outputs.count else {
      throw ONNXError(
        .node("\(call.outputs.count) results, but the function has \(function.outputs.count)"))
    }
    var scope = FunctionScope(function, calledBy: call)
    let binding = try AttributeBinding(call, function)
    for inner in function.nodes {
      var node = inner
      node.inputs = inner.inputs.map { scope.name($0, &names) }
      node.outputs = inner.outputs.map { scope.name($0, &names) }
      if !inner.name.isEmpty {
        node.name = "\(call.title)/\(inner.name)"
        names.byteCount += node.name.utf8.count
      }
      try binding.bind(&node)
      try add(node, within: calls)
      if let version = function.version(of: node.domain) { take(node.domain, version) }
    }
    nodes += scope.copies
    for edge in function.stated {
      stated.append(EdgeRecord(name: scope.name(edge.name, &names), type: edge.type))
    }
  }

  private mutating func take(_ domain: String, _ version: Int) {
    if record.version(of: domain) == nil && !opsets.contains(where: { $0.domain == domain }) {
      opsets.append((domain, version))
    }
  }
}

/// The values of one call: what a name in the function's body is called in the graph.
private struct FunctionScope {
  private let prefix: String
  private var names: [ExactName: String] = [:]
  /// Nodes for results that are operands, or other results, of the function.
  private(set) var copies: [NodeRecord] = []

  init(_ function: FunctionRecord, calledBy call: NodeRecord) {
    prefix = call.title
    for (k, name) in function.inputs.enumerated() {
      names[ExactName(name)] = k < call.inputs.count ? call.inputs[k] : ""
    }
    for (name, actual) in zip(function.outputs, call.outputs) where !actual.isEmpty {
      if let source = names[ExactName(name)] {
        copies.append(NodeRecord(copying: source, to: actual))
      } else {
        names[ExactName(name)] = actual
      }
    }
  }

  mutating func name(_ inner: String, _ fresh: inout FreshNames) -> String {
    if inner.isEmpty { return "" }
    if let known = names[ExactName(inner)] { return known }
    let name = fresh.name("\(prefix)/\(inner)")
    names[ExactName(inner)] = name
    return name
  }
}

/// Names that nothing else has.
private struct FreshNames {
  private var taken: Set<ExactName> = []
  /// The number that the next one of the same wish gets.
  private var next: [ExactName: Int] = [:]
  /// The bytes of all names that were made.
  var byteCount = 0

  mutating func take(_ names: [String]) { taken.formUnion(names.map { ExactName($0) }) }

  /// The wanted name, or that with a number behind it. O(1) amortized, however often it is wanted.
  mutating func name(_ wanted: String) -> String {
    var name = wanted
    while !taken.insert(ExactName(name)).inserted {
      let count = next[ExactName(wanted), default: 1]
      next[ExactName(wanted)] = count + 1
      name = "\(wanted)_\(count)"
    }
    byteCount += name.utf8.count
    return name
  }
}

extension NodeRecord {
  /// A node that gives a value another name.
  fileprivate init(copying source: String, to name: String) {
    var message = WireWriter()
    message.append(1, text: source)
    message.append(2, text: name)
    message.append(4, text: "Identity")
    self.init(bytes: message.tensor)
    type = "Identity"
    inputs = [source]
    outputs = [name]
  }
}
