public import ECGraph
import ECOperators
import ECTensor

/// Computes in half precision wherever the numbers allow it; the graph's edge stays float32.
///
///     y = Conv(x, W)   z = Softmax(y)     becomes     h = Cast{float16}(x)   y = Conv(h, W:float16)
///                                                     f = Cast{float32}(y)   z = Softmax(f)
///
/// A node keeps float32 where its operator loses too much by rounding, where a weight or a result is
/// beyond the range of half precision, where that isn't known, or where a whole weight is below it.
/// Holds before: all
/// floating-point values are float32 or float16. Holds after: operands of a node have one precision.
public struct ReducePrecision: Pass {
  public let name = "reduce-precision"
  public let summary = "stores and computes in half precision where the numbers allow it"

  /// The largest magnitude of each activation on samples.
  private let magnitudes: [ValueID: Float]
  /// Activations of which nothing is known.
  private let unknown: Set<ValueID>

  /// Half of the largest number of half precision: samples seldom show the largest activation.
  static let limit: Float = 32752
  /// The largest number of half precision.
  static let largest: Float = 65504
  /// The smallest number that half precision holds with all its digits.
  static let smallest = Float(Float16.leastNormalMagnitude)

  /// Makes the pass.
  /// - Parameters:
  ///   - magnitudes: the largest magnitude of each activation on samples; those that aren't listed
  ///     are taken to fit.
  ///   - unknown: activations that can't be computed; whatever reads or makes one keeps float32.
  public init(magnitudes: [ValueID: Float], unknown: Set<ValueID> = []) {
    self.magnitudes = magnitudes
    self.unknown = unknown
  }

  public func run(on graph: inout Graph) throws(PassError) -> PassReport {
    var choice = PrecisionChoice(graph: graph, magnitudes: magnitudes, unknown: unknown)
    for node in graph.nodes { choice.decide(node) }
    choice.noteUnknown()
    var work = PrecisionChange(graph: graph, reduced: choice.reduced)
    do throws(GraphError) {
      try work.all()
    } catch {
      throw PassError(pass: name, underlying: error)
    }
    graph = work.graph
    return PassReport(changes: choice.reduced.count, notes: choice.notes)
  }
}

/// Which nodes compute in half precision, and why others don't.
private struct PrecisionChoice {
  let graph: Graph
  let magnitudes: [ValueID: Float]
  let unknown: Set<ValueID>
  private(set) var reduced: Set<NodeID> = []
  private(set) var notes: [String] = []
  /// What was found of weights that several nodes read.
  private var weights: [ValueID: String?] = [:]
  /// Layers whose numbers aren't known.
  private var dark: [String] = []

  init(graph: Graph, magnitudes: [ValueID: Float], unknown: Set<ValueID>) {
    self.graph = graph
    self.magnitudes = magnitudes
    self.unknown = unknown
  }

  mutating func decide(_ node: Node) {
    guard let op = node.op as? any HalfPrecisionOperator,
      node.outputs.allSatisfy({ graph[$0].type.elementType == .float32 }),
      let need = op.halfPrecisionNeed(graph.operands(of: node))
    else { return }
    if (node.inputs.compactMap { $0 } + node.outputs).contains(where: unknown.contains) {
      dark.append(node.name)
      return
    }
    if need == .moves {
      let activations = node.inputs.compactMap { $0 }.filter { graph.constant($0) == nil }
      let follow = activations.allSatisfy { id in
        graph[id].producer.map { reduced.contains($0) } ?? false
      }
      if follow && !activations.isEmpty { reduced.insert(node.id) }
      return
    }
    if let reason = misfit(node, need) {
      notes.append("layer '\(node.name)' stays in float32: \(reason)")
    } else {
      reduced.insert(node.id)
    }
  }

  /// One remark on all layers whose numbers aren't known.
  mutating func noteUnknown() {
    guard let first = dark.first else { return }
    notes.append(
      (dark.count == 1
        ? "layer '\(first)' stays" : "\(dark.count) layers from '\(first)' on stay")
        + " in float32: nodes that can't be run stand before, so that the range of numbers isn't known"
    )
  }

  private mutating func misfit(_ node: Node, _ need: HalfPrecisionNeed) -> String? {
    for id in node.inputs.compactMap({ $0 }) where graph.constant(id) != nil {
      if let reason = weightMisfit(id) { return reason }
    }
    var largest: Float = 0
    for id in node.inputs.compactMap({ $0 }) + node.outputs {
      largest = max(largest, magnitudes[id] ?? 0)
    }
    if !(largest <= ReducePrecision.limit) {
      return "its numbers reach \(rounded(largest)), and float16 ends at 65504"
    }
    if case .sum(let count) = need, let x = node.inputs[0],
      (magnitudes[x] ?? 0) * Float(count) > ReducePrecision.largest
    {
      return "it adds up \(count) numbers of up to \(rounded(magnitudes[x] ?? 0)), and float16 "
        + "ends at 65504"
    }
    return nil
  }

  private mutating func weightMisfit(_ id: ValueID) -> String? {
    if let known = weights[id] { return known }
    var reason: String?
    if let tensor = graph.constant(id), tensor.elementType == .float32 {
      let largest = tensor.withFloats { $0.reduce(Float(0)) { max($0, $1.magnitude) } }
      if largest.isFinite && largest > ReducePrecision.largest {
        reason = "weight '\(graph[id].name)' reaches \(rounded(largest)), and float16 ends at 65504"
      } else if largest > 0 && largest < ReducePrecision.smallest {
        reason =
          "weight '\(graph[id].name)' is at most \(largest), below the precise range of float16"
      }
    }
    weights[id] = .some(reason)
    return reason
  }

  private func rounded(_ value: Float) -> String {
    value.isFinite && value < 1e15 ? "\(Int(value.rounded()))" : "\(value)"
  }
}

/// Gives the chosen nodes operands of half precision, and all others operands of float32.
private struct PrecisionChange {
  var graph: Graph
  let reduced: Set<NodeID>
  private let readers: [ValueID: [(node: NodeID, operand: Int)]]
  /// Values in their other precision.
  private var casts: [ValueID: ValueID] = [:]
  /// Values whose names their float32 form has taken over.
  private var renamed: Set<ValueID> = []

  init(graph: Graph, reduced: Set<NodeID>) {
    self.graph = graph
    self.reduced = reduced
    readers = graph.consumers()
  }

  mutating func all() throws(GraphError) {
    for node in graph.nodes {
      let wanted: ElementType = reduced.contains(node.id) ? .float16 : .float32
      for (position, input) in node.inputs.enumerated() {
        guard let input, let given = precision(input), given != wanted else { continue }
        // A node that isn't reduced and read float16 before goes on to do so.
        if wanted == .float32 && graph[input].type.elementType == .float16 && !isReduced(input) {
          continue
        }
        graph.setInput(node.id, position, try other(input, wanted, before: node.id))
      }
      try graph.retype(node.id)
    }
    try restoreOutputs()
  }

  private func isReduced(_ id: ValueID) -> Bool {
    graph[id].producer.map { reduced.contains($0) } ?? false
  }

  private func precision(_ id: ValueID) -> ElementType? {
    let type = graph[id].type.elementType
    return type == .float32 || type == .float16 ? type : nil
  }

  private mutating func other(
    _ id: ValueID, _ type: ElementType, before: NodeID?
  ) throws(GraphError) -> ValueID {
    if let known = casts[id] { return known }
    let cast = graph.constant(id).map { type == .float16 ? $0.asFloat16() : $0.asFloat32() }
    if let cast {
      let onlyReduced = (readers[id] ?? []).allSatisfy { reduced.contains($0.node) }
      if type == .float16 && onlyReduced && !graph.outputs.contains(id) {
        graph.setConstant(id, cast)
        return id
      }
    }
    let result = try graph.addForm(
      of: id, in: type, constant: cast, origin: "reduce-precision", before: before)
    casts[id] = result
    // Subgraphs of carried nodes know what they capture by its name.
    let isCarried = (readers[id] ?? []).contains { graph[$0.node].op is Opaque }
    if type == .float32 && isReduced(id) && isCarried { handOverName(of: id, to: result) }
    return result
  }

  /// Gives the float32 form of a value the name that the value had.
  private mutating func handOverName(of id: ValueID, to result: ValueID) {
    guard renamed.insert(id).inserted else { return }
    let name = graph[id].name
    graph.rename(id, to: "\(name)/float16")
    graph.rename(result, to: name)
  }

  /// Outputs of the graph become float32 again, under their names.
  private mutating func restoreOutputs() throws(GraphError) {
    var restored: Set<ValueID> = []
    for id in graph.outputs where isReduced(id) && restored.insert(id).inserted {
      let result = try other(id, .float32, before: nil)
      handOverName(of: id, to: result)
      graph.replaceOutput(id, with: result)
    }
  }
}
