import ECGraph
import ECTensor

extension Graph {
  /// This graph with numbers for all extents.
  /// - Throws: `ExecutionError` if the shapes of the inputs don't fit the graph.
  func concrete(_ shapes: [[Int]]) throws(ExecutionError) -> Graph {
    guard shapes.count == inputs.count else {
      throw ExecutionError(.inputCount(found: shapes.count, expected: inputs.count))
    }
    var graph = self
    for (id, shape) in zip(inputs, shapes) {
      let type = self[id].type
      // A fixed batch may be replaced by another.
      let fits =
        type.rank == shape.count && shape.allSatisfy { $0 > 0 }
        && zip(type.shape, shape).dropFirst().allSatisfy { $0.value == nil || $0.value == $1 }
      guard fits else {
        throw ExecutionError(
          .inputShape(
            input: self[id].name, found: shape, expected: type.shape.map { $0.value ?? -1 }))
      }
      graph.setInputType(id, ValueType(type.elementType, shape.map { .fixed($0) }))
    }
    do throws(GraphError) {
      try graph.retype()
    } catch {
      throw ExecutionError(.kernel(error.what), at: error.place)
    }
    return graph
  }

  /// The nodes on which values depend, in topological order, back to values that are given.
  func nodes(neededFor values: [ValueID], given: Set<ValueID> = []) -> [Node] {
    var needed = Set(values).subtracting(given)
    var kept: [Node] = []
    for id in order.reversed() {
      let node = self[id]
      guard node.outputs.contains(where: needed.contains) else { continue }
      needed.formUnion(node.inputs.compactMap { $0 }.filter { !given.contains($0) })
      kept.append(node)
    }
    return kept.reversed()
  }

  /// One initializer of each mapped file.
  var mappedFiles: [Tensor] {
    var seen: Set<ObjectIdentifier> = []
    return initializers.map(\.tensor).filter {
      !$0.ownsMemory && seen.insert(ObjectIdentifier($0.keepAlive)).inserted
    }
  }
}
