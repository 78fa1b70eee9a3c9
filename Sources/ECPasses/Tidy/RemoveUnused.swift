public import ECGraph

/// Takes out nodes whose results nobody reads, and initializers without a reader.
///
///     y = Conv(x)   z = Relu(x)   -> z        becomes        z = Relu(x)   -> z
///
/// Holds after: every node reaches an output; inputs of the graph stay, read or not.
public struct RemoveUnused: Pass {
  public let name = "remove-unused"
  public let summary = "takes out what doesn't reach an output"

  /// Makes the pass.
  public init() {}

  public func run(on graph: inout Graph) throws(PassError) -> PassReport {
    var live = Set(graph.outputs)
    var dead: Set<NodeID> = []
    for node in graph.nodes.reversed() {
      if node.outputs.contains(where: live.contains) {
        live.formUnion(node.inputs.compactMap { $0 })
      } else {
        dead.insert(node.id)
      }
    }
    graph.remove(dead)
    let unused = graph.initializers.filter { !live.contains($0.id) }
    for (id, _) in unused { graph.removeValue(id) }
    return PassReport(changes: dead.count + unused.count)
  }
}
