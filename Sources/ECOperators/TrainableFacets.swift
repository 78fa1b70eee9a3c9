public import ECGraph

/// An operator whose operands are x, weights and perhaps a bias, or scale and shift.
protocol WeightedOperator: TrainableOperator {}

extension WeightedOperator {
  public var learnedOperands: [Int] { [1, 2] }
}

extension Convolution: WeightedOperator {}
extension DepthwiseConvolution: WeightedOperator {}
extension TransposedConvolution: WeightedOperator {}
extension Dense: WeightedOperator {}
extension BatchNorm: WeightedOperator {}
extension LayerNorm: WeightedOperator {}
extension GroupNorm: WeightedOperator {}
extension InstanceNorm: WeightedOperator {}

extension LeftDense: TrainableOperator {
  public var learnedOperands: [Int] { [0] }
}

extension PRelu: TrainableOperator {
  public var learnedOperands: [Int] { [1] }
}
