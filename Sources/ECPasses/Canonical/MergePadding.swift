public import ECGraph
import ECOperators

/// Takes zeros around a picture into the padding of the convolutions that read it.
///
///     p = Pad{1, 1}(x)   y = Conv{padding=valid}(p)     becomes     y = Conv{padding=[1, 1]}(x)
///
/// Holds after: a Pad stays only where some reader can't take it.
public struct MergePadding: Pass {
  public let name = "merge-padding"
  public let summary = "takes explicit padding into convolutions"

  /// Makes the pass.
  public init() {}

  public func run(on graph: inout Graph) throws(PassError) -> PassReport {
    var changes = 0
    for node in graph.nodes {
      guard var op = node.op as? any PaddingOperator, var source = node.inputs[0] else { continue }
      var merged = 0
      while let producer = graph[source].producer, let pad = graph[producer].op as? Pad,
        let absorbed = op.absorbing(pad) as? any PaddingOperator,
        let inner = graph[producer].inputs[0]
      {
        (op, source) = (absorbed, inner)
        merged += 1
      }
      if merged == 0 { continue }
      graph.setOperator(node.id, op)
      graph.setInput(node.id, 0, source)
      changes += merged
    }
    return PassReport(changes: changes)
  }
}
