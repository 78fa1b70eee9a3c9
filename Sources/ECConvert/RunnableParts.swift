import ECExecution
package import ECGraph
import ECOperators
import ECPasses

/// What can be run of two graphs that carry the same nodes without understanding them.
///
/// Each is cut at those nodes: what they give becomes an input, filled alike on both sides; what they
/// read becomes an output, compared like the others. So all that lies between them is compared.
package struct RunnableParts {
  /// The reference without carried nodes.
  package let reference: Graph
  /// The result without carried nodes.
  package let result: Graph
  /// How many of the last outputs are logits: what goes into a softmax or sigmoid that gives an output.
  /// A random input can drive those to 0 and 1, where outputs are equal whatever came before.
  package let logitCount: Int
  /// The outputs of the models that can't be computed: they are given by carried nodes, or computed
  /// from values whose extents aren't known.
  let unseenOutputs: [String]
  /// The carried nodes at which the graphs were cut.
  let carriedNodes: [String]

  /// Cuts both graphs; `nil` where nothing is left to compare, or the graphs carry different nodes.
  ///
  /// - Parameter withLogits: Whether logits are compared as well.
  package init?(_ reference: Graph, _ result: Graph, withLogits: Bool = false) throws {
    let truth = CutGraph(reference)
    let found = CutGraph(result)
    guard truth.given.map(\.key) == found.given.map(\.key) else { return nil }
    let common = truth.read.keys.filter { found.read[$0] != nil }.sorted()
    let whole = zip(truth.outputs, found.outputs).compactMap { a, b in
      a.flatMap { a in b.map { (a, $0) } }
    }
    unseenOutputs = zip(reference.outputs, zip(truth.outputs, found.outputs))
      .filter { $1.0 == nil || $1.1 == nil }.map { reference[$0.0].name }
    carriedNodes = truth.carried
    let reads = common.compactMap { key in
      truth.read[key].flatMap { a in found.read[key].map { (a, $0) } }
    }
    let logits = (withLogits ? whole : []).compactMap { a, b in
      truth.graph.logits(behind: a).flatMap { a in found.graph.logits(behind: b).map { (a, $0) } }
    }
    logitCount = logits.count
    let pairs = whole + reads + logits
    if pairs.isEmpty { return nil }
    self.reference = try truth.graph(outputs: pairs.map(\.0))
    self.result = try found.graph(outputs: pairs.map(\.1))
  }
}

/// A graph whose carried nodes have been replaced by inputs.
private struct CutGraph {
  private(set) var graph: Graph
  /// The new inputs, by carried node and result.
  private(set) var given: [(key: String, value: ValueID)] = []
  /// What carried nodes read, by carried node and operand.
  private(set) var read: [String: ValueID] = [:]
  /// The outputs of the model; `nil` where one can't be computed.
  private(set) var outputs: [ValueID?] = []
  /// The names of the carried nodes.
  private(set) var carried: [String] = []
  /// Values that can't be computed.
  private var lost: Set<ValueID> = []

  init(_ source: Graph) {
    graph = source
    let nodes = source.nodes
    // What carried nodes read must not be what they give: such values are inputs below.
    var inputs = Set(source.inputs)
    var opaque: Set<NodeID> = []
    for node in nodes {
      guard node.op is Opaque else {
        if node.inputs.contains(where: { $0.map(lost.contains) ?? false }) {
          lost.formUnion(node.outputs)
        }
        continue
      }
      carried.append(node.name)
      opaque.insert(node.id)
      for (k, operand) in node.inputs.enumerated() {
        guard let operand, source.constant(operand) == nil, !lost.contains(operand),
          !inputs.contains(operand)
        else { continue }
        read["\(node.name)/\(k)"] = operand
      }
      for (k, value) in node.outputs.enumerated() {
        inputs.insert(value)
        let type = source[value].type
        if let extents = CutGraph.extents(of: type, like: node, in: source) {
          let id = graph.addInput(
            "\(source[value].name)/given", ValueType(type.elementType, extents))
          given.append(("\(node.name)/\(k)", id))
          graph.replaceUses(of: value, with: id)
        } else {
          lost.insert(value)
        }
      }
    }
    let stand = Set(given.map(\.value))
    outputs = zip(graph.outputs, source.outputs).map { now, then in
      lost.contains(then) || stand.contains(now) ? nil : now
    }
  }

  /// The graph with other outputs, without carried nodes and what depends on nothing else.
  func graph(outputs: [ValueID]) throws -> Graph {
    var part = graph
    part.setOutputs(outputs)
    _ = try RemoveUnused().run(on: &part)
    try part.retype()
    return part
  }

  /// Extents that a carried node's result may have: those that are stated, and where they are open
  /// those of its first operand. For a comparison any will do, as long as both sides get the same.
  private static func extents(of type: ValueType, like node: Node, in graph: Graph)
    -> [Dimension]?
  {
    guard type.isKnown else { return nil }
    let model = node.inputs.first.flatMap { $0 }.map { graph[$0].type }
    var shape = type.shape
    for axis in shape.indices.dropFirst() where shape[axis].value == nil {
      guard let model, model.isKnown, model.rank == type.rank, model.shape[axis].value != nil
      else { return nil }
      shape[axis] = model.shape[axis]
    }
    return shape
  }
}

extension Graph {
  /// The values that can't be computed without running a carried node.
  var valuesBehindCarriedNodes: Set<ValueID> {
    var behind: Set<ValueID> = []
    for node in nodes {
      let depends = node.inputs.contains { $0.map(behind.contains) ?? false }
      if node.op is Opaque || depends { behind.formUnion(node.outputs) }
    }
    return behind
  }
}
