public import ECGraph

/// Which layers of a network are trained.
public enum TrainedLayers: Sendable, Equatable {
  /// All that have weights.
  case all
  /// The last convolutions and dense layers, with the normalizations from the first of them on.
  case last(Int)

  /// Reads `all` or `last:N`.
  public init?(_ text: String) {
    if text == "all" {
      self = .all
      return
    }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0] == "last", let count = Int(parts[1]), count > 0 else {
      return nil
    }
    self = .last(count)
  }
}

/// A weight that is trained: an operand of a node, stored as an initializer.
public struct TrainedWeight: Sendable, Equatable {
  /// The node that reads it.
  public let node: NodeID
  /// The position among the node's operands.
  public let operand: Int
  /// The initializer.
  public let value: ValueID
}

extension Graph {
  /// The weights that training changes, each once, in topological order of the nodes.
  public func trainedWeights(_ layers: TrainedLayers) -> [TrainedWeight] {
    var found: [TrainedWeight] = []
    var seen: Set<ValueID> = []
    var firstOfLayer: [Int] = []
    for node in nodes {
      guard let op = node.op as? any TrainableOperator else { continue }
      for operand in op.learnedOperands where operand < node.inputs.count {
        guard let value = node.inputs[operand], let tensor = constant(value),
          tensor.elementType.isFloatingPoint
        else { continue }
        if operand == op.learnedOperands.first, tensor.shape.count > 1 {
          firstOfLayer.append(found.count)
        }
        if seen.insert(value).inserted {
          found.append(TrainedWeight(node: node.id, operand: operand, value: value))
        }
      }
    }
    guard case .last(let count) = layers else { return found }
    return Array(found.dropFirst(firstOfLayer.suffix(count).first ?? 0))
  }
}
