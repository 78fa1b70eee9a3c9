public import ECGraph

/// The part of a graph that also runs on images of another size.
public struct ResizedGraph: Sendable {
  /// The nodes that accept the size; ids are those of the whole graph, its outputs mean nothing.
  public let graph: Graph
  /// The activations that are there.
  public let values: Set<ValueID>
}

extension Graph {
  /// This graph for inputs of other shapes, without the nodes that need the shapes it was made for.
  ///
  /// Between a flatten and what follows, channels and positions can't be told apart, so a value
  /// stays only if at most the two extents of a picture (rank 4) differ from those it has with
  /// `whole`. Both lists of shapes are in the order of the inputs and have the same batch.
  /// - Throws: `ExecutionError` if the graph doesn't accept `whole`.
  public func resized(
    to shapes: [[Int]], from whole: [[Int]]
  ) throws(ExecutionError) -> ResizedGraph {
    let reference = try concrete(whole)
    var graph = self
    for (id, shape) in zip(inputs, shapes) {
      graph.setInputType(id, ValueType(self[id].type.elementType, shape.map { .fixed($0) }))
    }
    var reached = Set(inputs)
    var lost: Set<NodeID> = []
    for node in nodes {
      let operands = node.inputs.compactMap { $0 }.filter { constant($0) == nil }
      guard operands.allSatisfy(reached.contains), (try? graph.retype(node.id)) != nil,
        node.outputs.allSatisfy({ reference[$0].type.differsInPicture(from: graph[$0].type) })
      else {
        lost.insert(node.id)
        continue
      }
      reached.formUnion(node.outputs)
    }
    graph.remove(lost)
    return ResizedGraph(graph: graph, values: reached)
  }
}

extension ValueType {
  /// Whether another type is the same but for the extents of a picture.
  fileprivate func differsInPicture(from other: ValueType) -> Bool {
    guard elementType == other.elementType, rank == other.rank, shape.first == other.shape.first
    else { return false }
    let differing = zip(shape, other.shape).count { $0 != $1 }
    return differing <= (rank == 4 ? 2 : 0)
  }
}
