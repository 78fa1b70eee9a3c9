import ECGraph
import ECOperators

extension Graph {
  /// What saturates into a value: rows of logits before a softmax or sigmoid, seen through casts. `nil`
  /// where nothing does, or where the logits are an output, an input or constant.
  ///
  /// Large logits drive probabilities to 0 and 1, which are equal whatever came before.
  func logits(behind value: ValueID) -> ValueID? {
    guard let producer = self[value].producer, case let node = self[producer],
      let operand = node.inputs[0], self[operand].type.rank == 2
    else { return nil }
    if node.op is Cast { return logits(behind: operand) }
    let saturates =
      (node.op as? Softmax).map { !$0.isLogarithm }
      ?? ((node.op as? Activation)?.kind == .sigmoid)
    let isComputed = constant(operand) == nil && !inputs.contains(operand)
    return saturates && isComputed && !outputs.contains(operand) ? operand : nil
  }
}
