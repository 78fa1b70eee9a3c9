/// An operator that can tell that its results have no elements below zero; others are taken to have.
public protocol NonNegativeOperator: Operator {
  /// Whether no element of the results is below zero, given which operands have none.
  func isNonNegative(_ operands: [Bool]) -> Bool
}

extension Graph {
  /// The values that are known to have no elements below zero. O(nodes + elements of constants).
  public func nonNegativeValues() -> Set<ValueID> {
    var known: Set<ValueID> = []
    for node in nodes {
      guard let op = node.op as? any NonNegativeOperator else { continue }
      let operands = node.inputs.map { id -> Bool in
        guard let id else { return false }
        if let constant = constant(id) { return constant.floats().allSatisfy { $0 >= 0 } }
        return known.contains(id)
      }
      if op.isNonNegative(operands) { known.formUnion(node.outputs) }
    }
    return known
  }
}
