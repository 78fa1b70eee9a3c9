public import ECGraph
import ECOperators
import ECTensor

/// Computes in float32 what was stored or computed in half precision; the graph's edge stays as it is.
///
///     y = Conv(x: float16, W: float16)     becomes     f = Cast{float32}(x)   g = Conv(f, W: float32)
///                                                      y = Cast{float16}(g)
///
/// Holds after: no node computes in float16 or bfloat16 but carried ones; conversions that change
/// nothing are left for `CancelCasts`.
public struct WidenPrecision: Pass {
  public let name = "widen-precision"
  public let summary = "stores and computes in single precision"

  /// Makes the pass.
  public init() {}

  public func run(on graph: inout Graph) throws(PassError) -> PassReport {
    var work = Widening(graph)
    do throws(GraphError) {
      try work.all()
    } catch {
      throw PassError(pass: name, underlying: error)
    }
    graph = work.graph
    return PassReport(changes: work.changes)
  }
}

private struct Widening {
  private(set) var graph: Graph
  private(set) var changes = 0
  private let source: Graph
  /// Values in their other precision.
  private var casts: [ValueID: ValueID] = [:]

  init(_ graph: Graph) {
    self.graph = graph
    source = graph
  }

  mutating func all() throws(GraphError) {
    for node in source.nodes {
      let isCarried = node.op is Opaque
      if let cast = node.op as? Cast, cast.elementType.isHalf {
        graph.setOperator(node.id, Cast(to: .float32))
        changes += 1
      }
      for (position, input) in node.inputs.enumerated() {
        guard let input, source[input].type.elementType.isHalf else { continue }
        // A carried node reads what it always read.
        let wanted = isCarried ? source[input].type.elementType : .float32
        graph.setInput(node.id, position, try form(of: input, wanted, before: node.id))
        changes += 1
      }
      try graph.retype(node.id)
    }
    for id in source.outputs where graph[id].type.elementType != source[id].type.elementType {
      let name = graph[id].name
      let result = try form(of: id, source[id].type.elementType, before: nil)
      guard result != id, graph[id].name == name else { continue }
      graph.rename(id, to: "\(name)/float32")
      graph.rename(result, to: name)
      graph.replaceOutput(id, with: result)
    }
  }

  private mutating func form(of id: ValueID, _ type: ElementType, before: NodeID?)
    throws(GraphError) -> ValueID
  {
    if graph[id].type.elementType == type { return id }
    if let known = casts[id] { return known }
    let result = try graph.addForm(
      of: id, in: type, constant: graph.constant(id)?.asFloat32(), origin: "widen-precision",
      before: before)
    casts[id] = result
    return result
  }
}

extension Graph {
  /// A value in another precision: a new constant, or what a Cast gives.
  /// - Parameter constant: the numbers in that precision, where the value is a constant.
  mutating func addForm(
    of id: ValueID, in type: ElementType, constant: Tensor?, origin: String, before: NodeID?
  ) throws(GraphError) -> ValueID {
    let name = "\(self[id].name)/\(type.name)"
    if let constant { return addConstant(name, constant) }
    let node = try insert(
      Cast(to: type), name: name, inputs: [id], origin: origin, before: before)
    return self[node].outputs[0]
  }
}

extension ElementType {
  fileprivate var isHalf: Bool { self == .float16 || self == .bfloat16 }
}
