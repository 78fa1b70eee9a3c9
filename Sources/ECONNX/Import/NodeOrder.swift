import ECDiagnostics

/// Who makes and who reads which value of a file, and in which order nodes can run.
struct NodeOrder {
  private let graph: GraphRecord
  private var producers: [ExactName: Int] = [:]

  init(_ graph: GraphRecord) {
    self.graph = graph
    for (index, node) in graph.nodes.enumerated() {
      for output in node.outputs where !output.isEmpty { producers[ExactName(output)] = index }
    }
  }

  /// Checks that no name is defined twice; an initializer may stand among the inputs.
  /// - Throws: `ONNXError.duplicate`.
  func checkNames() throws(ONNXError) {
    var seen: Set<ExactName> = []
    for name in graph.initializerNames where !seen.insert(ExactName(name)).inserted {
      throw ONNXError(.duplicate(kind: "initializer", name: name))
    }
    var inputs: Set<ExactName> = []
    for input in graph.inputs {
      guard inputs.insert(ExactName(input.name)).inserted else {
        throw ONNXError(.duplicate(kind: "input", name: input.name))
      }
    }
    seen.formUnion(inputs)
    for node in graph.nodes {
      for output in node.outputs
      where !output.isEmpty && !seen.insert(ExactName(output)).inserted {
        throw ONNXError(.duplicate(kind: "value", name: output), at: .node(node.title))
      }
    }
    var outputs: Set<ExactName> = []
    for output in graph.outputs where !outputs.insert(ExactName(output.name)).inserted {
      throw ONNXError(.duplicate(kind: "output", name: output.name))
    }
  }

  /// Everything that some node or output reads.
  func uses() -> Set<ExactName> {
    var uses = Set(graph.outputs.map { ExactName($0.name) })
    for node in graph.nodes {
      for name in node.inputs + node.captures { uses.insert(ExactName(name)) }
    }
    uses.remove(ExactName(""))
    return uses
  }

  /// The nodes that outputs need, each after what it reads; otherwise in the order of the file.
  /// - Throws: `ONNXError` for an operand that nothing makes, and for a cycle.
  func sorted() throws(ONNXError) -> [Int] {
    var known = Set(graph.initializerNames.map { ExactName($0) })
    known.formUnion(graph.inputs.map { ExactName($0.name) })
    let live = needed()
    var state = [UInt8](repeating: 0, count: graph.nodes.count)  // 1 on the stack, 2 placed
    var order: [Int] = []
    for root in graph.nodes.indices where live[root] && state[root] == 0 {
      var stack: [(node: Int, next: Int)] = [(root, 0)]
      state[root] = 1
      while let top = stack.last {
        let node = graph.nodes[top.node]
        let count = node.inputs.count
        guard top.next < count + node.captures.count else {
          state[top.node] = 2
          order.append(top.node)
          stack.removeLast()
          continue
        }
        stack[stack.count - 1].next += 1
        let isCapture = top.next >= count
        let name = isCapture ? node.captures[top.next - count] : node.inputs[top.next]
        if name.isEmpty { continue }
        guard let producer = producers[ExactName(name)] else {
          // A captured name may be the subgraph's own.
          if isCapture || known.contains(ExactName(name)) { continue }
          throw ONNXError(.undefined(name: name), at: .node(node.title))
        }
        if state[producer] == 1, !isCapture || producer != top.node {
          let from = stack.firstIndex { $0.node == producer } ?? 0
          let titles = stack[from...].map { graph.nodes[$0.node].title }
          throw ONNXError(.cycle(titles + [graph.nodes[producer].title]))
        }
        if state[producer] == 0 {
          state[producer] = 1
          stack.append((producer, 0))
        }
      }
    }
    return order
  }

  private func needed() -> [Bool] {
    var live = [Bool](repeating: false, count: graph.nodes.count)
    var pending = graph.outputs.map(\.name)
    while let name = pending.popLast() {
      guard let producer = producers[ExactName(name)], !live[producer] else { continue }
      live[producer] = true
      pending += graph.nodes[producer].inputs + graph.nodes[producer].captures
    }
    return live
  }
}
