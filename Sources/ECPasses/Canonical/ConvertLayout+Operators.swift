import ECGraph
import ECOperators
import ECTensor

/// The node that moves an image between layouts.
func transposeOperator(_ order: [Int]) -> any Operator { Transpose(order: order) }

extension Operator {
  /// Whether the operator does the same to every position.
  var isElementwise: Bool { self is Activation }

  /// Whether the operator only changes the order of axes.
  var isTransposition: Bool { self is Transpose }
}

extension Graph {
  /// Puts constants that broadcast against the images of a node into another layout.
  /// - Parameter readers: who reads which value; what others read too is copied.
  mutating func moveConstants(
    of node: Node, from: ImageLayout, to: ImageLayout,
    readers: [ValueID: [(node: NodeID, operand: Int)]]
  ) {
    let terms = node.op.axes.operands
    for (position, input) in node.inputs.enumerated() {
      guard let input, let tensor = constant(input), tensor.count > 1,
        terms[min(position, terms.count - 1)].letters == ["…"]
      else { continue }
      let missing = 4 - tensor.shape.count
      let shape = [Int](repeating: 1, count: missing) + tensor.shape
      let moved = tensor.reshaped(shape).permuted(from.order(to: to, rank: 4))
      let trimmed = missing > 0 ? moved.reshaped(Array(moved.shape.dropFirst())) : moved
      setConstant(input, operand: position, of: node, trimmed, readers: readers)
    }
  }

  /// Gives an operand of a node that is constant other elements.
  /// - Parameter readers: who reads which value; what others read too is copied.
  mutating func setConstant(
    _ id: ValueID, operand: Int, of node: Node, _ tensor: Tensor,
    readers: [ValueID: [(node: NodeID, operand: Int)]]
  ) {
    if readers[id]?.count == 1 && !outputs.contains(id) {
      setConstant(id, tensor)
    } else {
      setInput(node.id, operand, addConstant(self[id].name, tensor))
    }
  }
}
