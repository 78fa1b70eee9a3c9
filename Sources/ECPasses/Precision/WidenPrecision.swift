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
    let result: ValueID
    if let tensor = graph.constant(id) {
      result = graph.addConstant("\(graph[id].name)/\(type.name)", tensor.asFloat32())
    } else {
      let node = try graph.insert(
        Cast(to: type), name: "\(graph[id].name)/\(type.name)", inputs: [id],
        origin: "widen-precision", before: before)
      result = graph[node].outputs[0]
    }
    casts[id] = result
    return result
  }
}

extension ElementType {
  fileprivate var isHalf: Bool { self == .float16 || self == .bfloat16 }
}
