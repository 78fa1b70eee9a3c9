import ECGraph
import ECOperators

/// The node that moves an image between layouts.
func transposeOperator(_ order: [Int]) -> any Operator { Transpose(order: order) }

extension Operator {
  /// Whether the operator does the same to every position.
  var isElementwise: Bool { self is Activation }

  /// Whether the operator only changes the order of axes.
  var isTransposition: Bool { self is Transpose }
}
