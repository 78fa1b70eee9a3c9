public import ECGraph
import ECOperators

/// Parts a global pooling that drops the picture axes into one that keeps them, and a flatten.
///
///     y = GlobalAveragePool(x)     becomes     p = GlobalAveragePool{keepDims}(x)   y = Flatten(p)
///
/// Holds after: every global pooling keeps its axes, so that gates need no reshape.
public struct SplitGlobalPool: Pass {
  public let name = "split-global-pool"
  public let summary = "parts global pooling from the flatten after it"

  /// Makes the pass.
  public init() {}

  public func run(on graph: inout Graph) throws(PassError) -> PassReport {
    var changes = 0
    for node in graph.nodes {
      guard var pool = node.op as? GlobalPool, !pool.keepDims else { continue }
      let result = node.outputs[0]
      let name = graph[result].name
      pool.keepDims = true
      do throws(GraphError) {
        graph.rename(result, to: "\(name)/flattened")
        let pooled = try graph.insert(
          pool, name: "\(name)/pooled", inputs: node.inputs, origin: node.origin, before: node.id)
        let flat = try graph.insert(
          Flatten(), name: node.name + "/flatten", inputs: [graph[pooled].outputs[0]],
          origin: node.origin, before: node.id)
        graph.replaceUses(of: result, with: graph[flat].outputs[0])
        graph.remove(node.id)
        graph.rename(graph[flat].outputs[0], to: name)
      } catch {
        throw PassError(pass: self.name, underlying: error)
      }
      changes += 1
    }
    return PassReport(changes: changes)
  }
}
