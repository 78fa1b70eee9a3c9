public import ECGraph
import ECOperators

/// Carries transpositions between image layouts through what reads them, until they meet their inverses.
///
///     t = Transpose{[0, 2, 3, 1]}(x)   a = Relu(t)   y = Transpose{[0, 3, 1, 2]}(a)
///                                      becomes      y = Relu(x)
///
/// Files that were made from another framework's hold a body that is channels last between operators
/// that are channels first. Transpositions that only move axes of extent one become reshapes.
/// Holds after: there are fewer transpositions than before, or the graph is as it was.
public struct CancelTransposes: Pass {
  public let name = "cancel-transposes"
  public let summary = "carries transpositions to where they cancel"

  /// Makes the pass.
  public init() {}

  public func run(on graph: inout Graph) throws(PassError) -> PassReport {
    let before = graph.transpositionCount
    guard before > 0 else { return PassReport() }
    var work = TransposeSinking(graph: graph)
    do throws(GraphError) {
      for node in graph.nodes { try work.visit(node) }
      try work.restoreOutputs()
      work.graph.composeTranspositions()
      try work.graph.retype()
    } catch {
      throw PassError(pass: name, underlying: error)
    }
    _ = try RemoveUnused().run(on: &work.graph)
    let after = work.graph.transpositionCount
    guard after < before else { return PassReport() }
    graph = work.graph
    return PassReport(changes: before - after)
  }
}

extension Graph {
  /// How many transpositions there are.
  fileprivate var transpositionCount: Int { nodes.count { $0.op is Transpose } }

  /// Joins transpositions that read each other; those that put every axis back vanish.
  fileprivate mutating func composeTranspositions() {
    for node in nodes {
      guard let outer = self[node.id].op as? Transpose, let input = self[node.id].inputs[0],
        let producer = self[input].producer, let inner = self[producer].op as? Transpose,
        let source = self[producer].inputs[0]
      else { continue }
      let order = outer.order.map { inner.order[$0] }
      if order == Array(order.indices) {
        bypass(node.outputs[0], with: source, in: &self)
      } else {
        setInput(node.id, 0, source)
        setOperator(node.id, Transpose(order: order))
      }
    }
  }

  /// The reshape that does what a transposition of a value does, if that only moves axes of extent one.
  fileprivate func reshape(of value: ValueID, order: [Int]) -> Reshape? {
    guard let extents = self[value].type.fixedShapeAfterBatch, order.first == 0,
      order.count == extents.count + 1
    else { return nil }
    let long = order.dropFirst().filter { extents[$0 - 1] != 1 }
    guard long == long.sorted() else { return nil }
    return Reshape(target: order.dropFirst().map { extents[$0 - 1] })
  }
}

/// The state of one run of `CancelTransposes`: images that readers take for channels last, and their
/// forms that are channels first.
private struct TransposeSinking {
  var graph: Graph
  /// Values that are channels first now, while readers that weren't visited take them for channels last.
  private var moved: Set<ValueID> = []
  /// Channels first forms of values that are channels last.
  private var first: [ValueID: ValueID] = [:]
  /// Channels last forms of values that are channels first.
  private var last: [ValueID: ValueID] = [:]
  /// Results of transpositions that are to leave, with what their readers shall read: values that
  /// these rightly take for channels first.
  private var replaced: [ValueID: ValueID] = [:]
  private let readers: [ValueID: [(node: NodeID, operand: Int)]]
  private let toFirst = ImageLayout.channelsLast.order(to: .channelsFirst, rank: 4)
  private let toLast = ImageLayout.channelsFirst.order(to: .channelsLast, rank: 4)

  init(graph: Graph) {
    self.graph = graph
    readers = graph.consumers()
  }

  mutating func visit(_ node: Node) throws(GraphError) {
    let transpose = node.op as? Transpose
    if let transpose {
      if cancel(node, transpose) { return }
    } else if try carry(through: node) {
      return
    }
    for (position, input) in node.inputs.enumerated() {
      guard let input else { continue }
      if moved.contains(input) {
        graph.setInput(node.id, position, try lastForm(of: input, before: node.id))
      } else if let other = replaced[input] {
        graph.setInput(node.id, position, other)
      }
    }
    if let transpose, let input = graph[node.id].inputs[0] { note(node, transpose, input) }
  }

  /// Leaves a transposition without readers whose result is there already.
  private mutating func cancel(_ node: Node, _ op: Transpose) -> Bool {
    guard op.order == toFirst, let input = node.inputs[0] else { return false }
    let result = node.outputs[0]
    guard let known = moved.contains(input) ? input : first[input],
      !graph.outputs.contains(result)
    else { return false }
    replaced[result] = known
    return true
  }

  /// Remembers both sides of a transposition, and makes it a reshape where that does the same.
  private mutating func note(_ node: Node, _ op: Transpose, _ input: ValueID) {
    let result = node.outputs[0]
    if op.order == toFirst {
      if first[input] == nil { first[input] = result }
      if last[result] == nil { last[result] = input }
    } else if op.order == toLast {
      if first[result] == nil { first[result] = input }
      if last[input] == nil { last[input] = result }
    }
    if let reshape = graph.reshape(of: input, order: op.order) {
      graph.setOperator(node.id, reshape)
    }
  }

  /// Makes a node work on channels first, if an operand is there in that form and all others can be.
  /// - Returns: whether it does now.
  private mutating func carry(through node: Node) throws(GraphError) -> Bool {
    let images = node.inputs.compactMap { $0 }.filter { graph.constant($0) == nil }
    guard images.contains(where: { moved.contains($0) || first[$0] != nil }),
      images.allSatisfy(hasFirstForm), node.inputs.allSatisfy(isBelowFiveAxes),
      case .becomes(let op) = node.op.relayout(
        lastOperands(of: node), from: .channelsLast, to: .channelsFirst)
    else { return false }
    for (position, input) in node.inputs.enumerated() {
      guard let input, graph.constant(input) == nil, graph[input].type.rank == 4 else { continue }
      graph.setInput(node.id, position, try firstForm(of: input, before: node.id))
    }
    graph.moveConstants(of: node, from: .channelsLast, to: .channelsFirst, readers: readers)
    graph.setOperator(node.id, op)
    try graph.retype(node.id)
    moved.formUnion(node.outputs.filter { graph[$0].type.rank == 4 })
    return true
  }

  private func isBelowFiveAxes(_ id: ValueID?) -> Bool {
    id.map { graph[$0].type.isKnown && graph[$0].type.rank <= 4 } ?? true
  }

  /// Whether an operand is there channels first, or becomes so by a reshape, or is a single number.
  private func hasFirstForm(_ id: ValueID) -> Bool {
    let type = graph[id].type
    if type.rank != 4 { return type.shape.allSatisfy { $0.value == 1 } }
    return moved.contains(id) || first[id] != nil || graph.reshape(of: id, order: toFirst) != nil
  }

  /// The operands as they were, for `relayout`.
  private func lastOperands(of node: Node) -> Operands {
    let operands = graph.operands(of: node)
    let types = zip(node.inputs, operands.types).map { id, type -> ValueType? in
      guard let id, let type, moved.contains(id) else { return type }
      return ValueType(type.elementType, toLast.map { type.shape[$0] })
    }
    return Operands(types: types, constants: operands.constants)
  }

  private mutating func firstForm(of id: ValueID, before node: NodeID) throws(GraphError) -> ValueID
  {
    if moved.contains(id) { return id }
    if let known = first[id] { return known }
    let result = try reordered(replaced[id] ?? id, toFirst, suffix: "nchw", before: node)
    first[id] = result
    return result
  }

  private mutating func lastForm(of id: ValueID, before node: NodeID?) throws(GraphError) -> ValueID
  {
    if let known = last[id] { return known }
    let result = try reordered(id, toLast, suffix: "nhwc", before: node)
    last[id] = result
    first[result] = id
    return result
  }

  private mutating func reordered(
    _ id: ValueID, _ order: [Int], suffix: String, before: NodeID?
  ) throws(GraphError) -> ValueID {
    let op: any Operator = graph.reshape(of: id, order: order) ?? Transpose(order: order)
    let node = try graph.insert(
      op, name: "\(graph[id].name)/\(suffix)", inputs: [id], origin: "cancel-transposes",
      before: before)
    return graph[node].outputs[0]
  }

  /// Puts outputs of the graph back into their layout, under their names.
  mutating func restoreOutputs() throws(GraphError) {
    for id in Set(graph.outputs).intersection(moved).sorted(by: { $0.index < $1.index }) {
      let name = graph[id].name
      let result = try lastForm(of: id, before: nil)
      graph.rename(id, to: "\(name)/nchw")
      graph.rename(result, to: name)
      graph.replaceOutput(id, with: result)
    }
  }
}
