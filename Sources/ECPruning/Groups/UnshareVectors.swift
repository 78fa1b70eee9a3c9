public import ECGraph
import ECTensor

/// Gives each reader of a shared vector its own initializer; the elements stay shared.
///
/// Exporters write equal biases and batch normalization vectors once, which would tie the channels
/// of unrelated layers. Initializers of rank 2 and more keep their readers.
///
///     a = BatchNorm(x, ones, …)        a = BatchNorm(x, ones, …)
///     b = BatchNorm(y, ones, …)   →    b = BatchNorm(y, ones_1, …)
public struct UnshareVectors: Pass {
  public var name: String { "unshare-vectors" }
  public var summary: String { "gives each reader of a shared vector its own initializer" }

  /// Makes the pass.
  public init() {}

  public func run(on graph: inout Graph) throws(PassError) -> PassReport {
    var changes = 0
    let readers = graph.consumers()
    let outputs = Set(graph.outputs)
    // A single number lines up with no channels that could leave.
    for (id, tensor) in graph.initializers where tensor.shape.count <= 1 && tensor.count > 1 {
      let places = readers[id] ?? []
      let own = outputs.contains(id) ? 0 : 1
      for place in places.dropFirst(own) {
        let copy = graph.addConstant(graph[id].name, tensor)
        graph.setInput(place.node, place.operand, copy)
        changes += 1
      }
    }
    return PassReport(changes: changes)
  }
}
