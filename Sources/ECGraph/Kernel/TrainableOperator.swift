/// An operator with weights that can be learned.
public protocol TrainableOperator: Operator {
  /// The positions of the operands that are learned, the main one first.
  var learnedOperands: [Int] { get }
}
