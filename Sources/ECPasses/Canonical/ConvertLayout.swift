public import ECGraph
import ECTensor

/// Moves a graph of images from one layout to the other.
///
///     y = Conv{nhwc}(x)     becomes     t = Transpose{[0, 3, 1, 2]}(x)   y = Conv(t)
///
/// Transposes stand only at the edges, around nodes that must keep the old layout, and before
/// outputs of the graph that are images. Weights of dense layers behind a flatten are put into the new order.
/// Holds before: images are in the layout `from`. Holds after: operators that know a layout have `to`.
public struct ConvertLayout: Pass {
  public let name = "convert-layout"
  public let summary = "moves images to the layout of the target format"

  /// The layout that images have.
  let from: ImageLayout
  /// The layout that they get.
  let to: ImageLayout
  /// What becomes of inputs.
  let inputs: Inputs

  /// What becomes of inputs of the graph with four axes.
  public enum Inputs: Sendable {
    /// They keep their type, and are transposed.
    case keep
    /// They change their type.
    case move
    /// Those change their type that are images of the old layout (see `Graph.imageInputs`).
    case moveImages
  }

  /// Makes the pass.
  public init(from: ImageLayout, to: ImageLayout, inputs: Inputs = .keep) {
    self.from = from
    self.to = to
    self.inputs = inputs
  }

  public func run(on graph: inout Graph) throws(PassError) -> PassReport {
    var work = LayoutConversion(graph: graph, from: from, to: to)
    do throws(GraphError) {
      switch inputs {
      case .keep: break
      case .move: work.convert(graph.inputs)
      case .moveImages: work.convert(graph.imageInputs)
      }
      for node in graph.nodes { try work.convert(node) }
      try work.restoreOutputs()
      graph = work.graph
      try graph.retype()
    } catch {
      throw PassError(pass: name, underlying: error)
    }
    return PassReport(changes: work.changes)
  }
}

extension Graph {
  /// The inputs with four axes that are in the layout of the graph. One that only transpositions read
  /// has the layout that these lead from.
  public var imageInputs: [ValueID] {
    let readers = consumers()
    return inputs.filter { id in
      guard self[id].type.rank == 4 else { return false }
      let nodes = (readers[id] ?? []).map { self[$0.node] }
      return nodes.isEmpty || !nodes.allSatisfy(\.op.isTransposition)
    }
  }
}

/// The state of one run of `ConvertLayout`.
private struct LayoutConversion {
  var graph: Graph
  let from: ImageLayout
  let to: ImageLayout
  var changes = 0
  /// Values that are images in the new layout now.
  private var converted: Set<ValueID> = []
  /// For values whose last axis runs in another order now: the old position of each new one.
  private var orders: [ValueID: [Int]] = [:]
  /// Transposed forms of values, by whether they are in the new layout.
  private var transposed: [ValueID: ValueID] = [:]
  private let readers: [ValueID: [(node: NodeID, operand: Int)]]

  init(graph: Graph, from: ImageLayout, to: ImageLayout) {
    self.graph = graph
    self.from = from
    self.to = to
    readers = graph.consumers()
  }

  private func isImage(_ id: ValueID) -> Bool { graph[id].type.rank == 4 }

  mutating func convert(_ inputs: [ValueID]) {
    for id in inputs where isImage(id) {
      let type = graph[id].type
      let order = from.order(to: to, rank: 4)
      graph.setInputType(id, ValueType(type.elementType, order.map { type.shape[$0] }))
      converted.insert(id)
    }
  }

  mutating func convert(_ node: Node) throws(GraphError) {
    let operands = originalOperands(node)
    switch node.op.relayout(operands, from: from, to: to) {
    case .becomes(let op):
      let touchesImages = (node.inputs.compactMap { $0 } + node.outputs).contains {
        graph.constant($0) == nil && operandRank($0) == 4
      }
      if try carryOrder(node, operands) { return try retype(node) }
      guard touchesImages else { return try retype(node) }
      try moveOperands(of: node, toNew: true)
      graph.moveConstants(of: node, from: from, to: to, readers: readers)
      graph.setOperator(node.id, op)
      for output in node.outputs where isImage(output) { converted.insert(output) }
      changes += 1
    case .flattens(let op, let order):
      guard let input = node.inputs[0] else { return }
      // A picture that is still in its old layout is flattened as it is.
      guard converted.contains(input) else { return try retype(node) }
      let isIdentity = order == Array(order.indices)
      if isIdentity || followers(of: node.outputs[0]) {
        try moveOperands(of: node, toNew: true)
        graph.setOperator(node.id, op)
        if !isIdentity { orders[node.outputs[0]] = order }
        changes += 1
      } else {
        try moveOperands(of: node, toNew: false)
      }
    case .keeps:
      try moveOperands(of: node, toNew: false)
    }
    try retype(node)
  }

  /// Rank is the same in both layouts.
  private func operandRank(_ id: ValueID) -> Int { graph[id].type.rank }

  /// The operands as they were before any conversion, for `relayout`.
  private func originalOperands(_ node: Node) -> Operands {
    let operands = graph.operands(of: node)
    let back = to.order(to: from, rank: 4)
    let types = zip(node.inputs, operands.types).map { id, type -> ValueType? in
      guard let id, let type, converted.contains(id) else { return type }
      return ValueType(type.elementType, back.map { type.shape[$0] })
    }
    return Operands(types: types, constants: operands.constants)
  }

  private mutating func retype(_ node: Node) throws(GraphError) {
    try graph.retype(node.id)
  }

  /// Makes every image operand of a node have the wanted layout.
  private mutating func moveOperands(of node: Node, toNew: Bool) throws(GraphError) {
    for (position, input) in node.inputs.enumerated() {
      guard let input, graph.constant(input) == nil, isImage(input),
        converted.contains(input) != toNew
      else { continue }
      graph.setInput(node.id, position, try other(input, before: node.id))
    }
  }

  /// A value in its other layout; made once, just before its first reader.
  private mutating func other(_ id: ValueID, before: NodeID?) throws(GraphError) -> ValueID {
    if let known = transposed[id] { return known }
    let isNew = converted.contains(id)
    let order = isNew ? to.order(to: from, rank: 4) : from.order(to: to, rank: 4)
    let suffix = (isNew ? from : to) == .channelsFirst ? "nchw" : "nhwc"
    let node = try graph.insert(
      transposeOperator(order), name: "\(graph[id].name)/\(suffix)", inputs: [id],
      origin: "convert-layout", before: before)
    let result = graph[node].outputs[0]
    transposed[id] = result
    transposed[result] = id
    if !isNew { converted.insert(result) }
    return result
  }

  /// Whether everything behind a flattened value can follow another order of its positions.
  private func followers(of value: ValueID) -> Bool {
    if graph.outputs.contains(value) { return false }
    return (readers[value] ?? []).allSatisfy { node, operand in
      let reader = graph[node]
      if isContraction(reader, operand) { return true }
      return isPositionwise(reader) && followers(of: reader.outputs[0])
    }
  }

  /// Whether a node reads the last axis with a constant matrix of the letters i and o.
  private func isContraction(_ node: Node, _ operand: Int) -> Bool {
    operand == 0 && node.op.axes.operands.count >= 2
      && node.op.axes.operands[0].letters.last == "i"
      && node.op.axes.operands[1].letters.sorted() == ["i", "o"]
      && graph.constant(node.inputs[1]) != nil
  }

  /// Whether a node treats every position of its only activation operand alike, or has constants
  /// with one entry per position.
  private func isPositionwise(_ node: Node) -> Bool {
    let activations = node.inputs.filter { $0 != nil && graph.constant($0) == nil }
    guard activations.count == 1, node.outputs.count == 1, node.inputs[0] == activations[0],
      operandRank(node.outputs[0]) == 2
    else { return false }
    let axes = node.op.axes
    return axes.operands.count == 1 && axes.operands[0].letters == ["…"]
      && axes.results.map(\.letters) == [["…"]] && node.op.isElementwise
  }

  /// Carries the order of positions through a node that reads a value in another order.
  /// - Returns: whether the node read one.
  private mutating func carryOrder(_ node: Node, _ operands: Operands) throws(GraphError) -> Bool {
    guard let input = node.inputs[0], let order = orders[input] else { return false }
    if isContraction(node, 0), let weights = node.inputs[1], let tensor = graph.constant(weights) {
      let axis = node.op.axes.operands[1].letters.firstIndex(of: "i") ?? 0
      graph.setConstant(
        weights, operand: 1, of: node, tensor.gathered(axis: axis, order), readers: readers)
    } else {
      orders[node.outputs[0]] = order
    }
    changes += 1
    return true
  }

  /// Puts outputs of the graph that are images back into their layout, under their names.
  mutating func restoreOutputs() throws(GraphError) {
    var restored: Set<ValueID> = []
    for id in graph.outputs where converted.contains(id) && graph[id].producer != nil {
      guard restored.insert(id).inserted else { continue }
      let name = graph[id].name
      let result = try other(id, before: nil)
      graph.rename(id, to: "\(name)/\(to == .channelsFirst ? "nchw" : "nhwc")")
      graph.rename(result, to: name)
      graph.replaceOutput(id, with: result)
    }
  }
}
