public import ECGraph
import ECTensor

/// Batch normalization at inference, per position of one axis:
/// `y = gamma · (x - mean) / sqrt(variance + epsilon) + beta`.
///
/// Operands: x, gamma, beta, mean, variance. Source: ONNX BatchNormalization 7-15; Keras
/// BatchNormalization.
public struct BatchNorm: UncountedOperator, UncontractedOperator {
  public let epsilon: Double
  /// The axis that has statistics.
  public var axis: Int
  /// The number of axes of the operand.
  public let rank: Int

  public var name: String { "BatchNorm" }

  public var axes: AxisSignature {
    let x = (0..<rank).map { $0 == axis ? "c" : "x\($0)" }.joined(separator: " ")
    return AxisSignature("\(x), c, c, c, c -> \(x)")
  }

  public var attributeText: String { "epsilon=\(epsilon) axis=\(axis)" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    _ = try axes.bind(operands)
    return [try operands.type(0)]
  }

  public func couple(_ coupling: inout Coupling) {
    coupling.follow(axes, reducing: "statistics are taken across channels")
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    guard rank == 4 else { return .becomes(self) }
    var other = self
    other.axis = from.axis(axis, in: to, rank: rank)
    return .becomes(other)
  }

  /// What the operator does to each channel, in double: `y = scale · x + shift`.
  /// - Throws: `GraphError` if a statistic is computed.
  public func affine(_ operands: Operands) throws(GraphError) -> (scale: [Double], shift: [Double])
  {
    var vectors: [[Double]] = []
    for position in 1...4 {
      vectors.append(try operands.constant(position).floats().map(Double.init))
    }
    let scale = vectors[0].indices.map {
      vectors[0][$0] / (vectors[3][$0] + epsilon).squareRoot()
    }
    let shift = scale.indices.map { vectors[1][$0] - vectors[2][$0] * scale[$0] }
    return (scale, shift)
  }

  /// A vector as a tensor that broadcasts along the axis.
  private func broadcast(_ vector: [Double]) -> Tensor {
    var shape = [Int](repeating: 1, count: rank)
    shape[axis] = vector.count
    return Tensor(vector.map { Float($0) }, shape: shape)
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0] else { throw GraphError(.missingOperand(0)) }
    if values.count > 4, let scale = values[1], let shift = values[2], let mean = values[3],
      let variance = values[4],
      let y = builder.normalization(
        x, NormalizationOperands(scale: scale, shift: shift, mean: mean, variance: variance),
        epsilon: epsilon, axis: axis)
    {
      return [y]
    }
    let (scale, shift) = try affine(operands)
    let scaled = builder.binary(.multiply, x, builder.constant(broadcast(scale)))
    return [builder.binary(.add, scaled, builder.constant(broadcast(shift)))]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    if axis == 1 {
      return ExportedNodes(
        FormatNode(
          "BatchNormalization", attributes: ["epsilon": .float(epsilon)],
          inputs: operandList(context)))
    }
    guard let (scale, shift) = try? affine(context.operands) else { return nil }
    return ExportedNodes(
      FormatNode("Mul", inputs: [.operand(0), .matching(broadcast(scale), suffix: "scale")]),
      FormatNode("Add", inputs: [.intermediate(0), .matching(broadcast(shift), suffix: "shift")]))
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    guard let gamma = context.constant(1), let beta = context.constant(2),
      let mean = context.constant(3), let variance = context.constant(4), axis > 0
    else { return nil }
    // TensorFlow's kernel takes no smaller epsilon; what it takes more goes off the variance.
    let written = max(epsilon, BatchNorm.leastKerasEpsilon)
    let shifted =
      written == epsilon
      ? variance
      : Tensor(
        variance.floats().map { Float(Double($0) + epsilon - written) }, shape: variance.shape)
    return ExportedLayers(
      FormatLayer(
        "BatchNormalization",
        config: [
          "axis": .int(axis == rank - 1 ? -1 : axis), "momentum": .float(0.99),
          "epsilon": .float(written), "center": .bool(true), "scale": .bool(true),
        ],
        weights: [
          FormatWeight("gamma", gamma), FormatWeight("beta", beta),
          FormatWeight("moving_mean", mean, isTrainable: false),
          FormatWeight("moving_variance", shifted, isTrainable: false),
        ]))
  }

  /// What the fused kernel of TensorFlow raises every epsilon to.
  private static let leastKerasEpsilon = 1.001e-5
}
