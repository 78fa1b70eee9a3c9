public import ECGraph
import ECOperators

/// Joins reshapes that follow each other, and takes out those that change nothing.
///
///     y = Flatten(x)   z = Reshape{[8, 1, 1]}(y)      becomes      z = x   (where x is [n, 8, 1, 1])
///
/// Holds before: types are inferred. Holds after: no reshape reads another reshape's result.
public struct MergeReshapes: Pass {
  public let name = "merge-reshapes"
  public let summary = "joins reshapes that follow each other"

  /// Makes the pass.
  public init() {}

  public func run(on graph: inout Graph) throws(PassError) -> PassReport {
    var changes = 0
    for node in graph.nodes where node.op is Reshape || node.op is Flatten {
      guard let input = graph[node.id].inputs[0] else { continue }
      let result = node.outputs[0]
      var source = input
      var batch = (node.op as? Reshape)?.batch ?? .one
      while let producer = graph[source].producer,
        graph[producer].op is Reshape || graph[producer].op is Flatten,
        let earlier = graph[producer].inputs[0]
      {
        source = earlier
        batch = batch.times((graph[producer].op as? Reshape)?.batch ?? .one)
      }
      let type = graph[result].type
      if graph[source].type == type && type.fixedShapeAfterBatch != nil {
        bypass(result, with: source, in: &graph)
        changes += 1
      } else if source != input, let target = type.fixedShapeAfterBatch {
        graph.setInput(node.id, 0, source)
        if !(node.op is Flatten && target.count == 1 && batch == .one) {
          graph.setOperator(node.id, Reshape(target: target, batch: batch))
        }
        changes += 1
      }
    }
    return PassReport(changes: changes)
  }
}

/// Makes readers of `old` read `new`; an output of the graph keeps its name.
func bypass(_ old: ValueID, with new: ValueID, in graph: inout Graph) {
  let isOutput = graph.outputs.contains(old)
  if isOutput && (graph.inputs.contains(new) || graph.outputs.contains(new)) { return }
  let name = graph[old].name
  graph.replaceUses(of: old, with: new)
  if isOutput {
    graph.rename(old, to: name + "/replaced")
    graph.rename(new, to: name)
  }
}
