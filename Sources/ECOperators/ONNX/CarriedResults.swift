public import ECGraph
import ECTensor

extension OperatorTable {
  /// The type of the first result of a node that may be carried, from those of its operands.
  static let onnxKeptType: @Sendable (String, [ValueType?], [Tensor?]) -> ValueType? = {
    type, operands, constants in
    guard let x = operands.first.flatMap({ $0 }), x.isKnown else { return nil }
    if typeKeepers.contains(type) { return x }
    if type == "QuantizeLinear" {
      return ValueType(operands.count > 2 ? operands[2]?.elementType ?? .uint8 : .uint8, x.shape)
    }
    if type == "DequantizeLinear", operands.count > 1, let scale = operands[1] {
      return ValueType(scale.elementType, x.shape)
    }
    // A single number is broadcast to whatever it meets.
    let isScaled = zip(operands, constants).dropFirst().allSatisfy { operand, constant in
      constant.map { $0.count == 1 && $0.shape.count <= x.rank } ?? (operand == nil)
    }
    return scalers.contains(type) && isScaled ? x : nil
  }

  /// Operators of ONNX and of onnxruntime whose result has the type of the first operand.
  private static let typeKeepers: Set<String> = [
    "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BatchNormalization", "Bernoulli",
    "Ceil", "Celu", "Clip", "Cos", "Cosh", "CumSum", "Dropout", "Elu", "Erf", "Exp", "Floor",
    "Gelu", "GroupNormalization", "HardSigmoid", "HardSwish", "Hardmax", "Identity",
    "InstanceNormalization", "LRN", "LayerNormalization", "LeakyRelu", "Log", "LogSoftmax",
    "LpNormalization", "MeanVarianceNormalization", "Mish", "Neg", "PRelu", "RMSNormalization",
    "Reciprocal", "Relu", "Round", "ScatterElements", "ScatterND", "Selu", "Shrink", "Sigmoid",
    "Sign", "Sin", "Sinh", "Softmax", "Softplus", "Softsign", "Sqrt", "Swish", "Tan", "Tanh",
    "ThresholdedRelu", "Trilu",
    "com.microsoft.BiasGelu", "com.microsoft.FastGelu", "com.microsoft.Gelu",
    "com.microsoft.QuickGelu", "com.microsoft.SkipLayerNormalization",
  ]

  /// Operators that keep the type of the first operand, if the others are single numbers.
  private static let scalers: Set<String> = ["Add", "Div", "Max", "Min", "Mul", "Pow", "Sub"]
}

extension Opaque {
  /// The multiply-accumulates of a contraction that is known but carried.
  public func macs(_ operands: Operands, results: [ValueType]) -> Int {
    guard let result = results.first, result.isKnown, let extents = result.fixedShapeAfterBatch,
      let taps = taps(operands)
    else { return 0 }
    return extents.reduce(taps, *)
  }

  /// The products behind one element of the result; `nil` for what isn't a contraction, or of
  /// unknown extents.
  private func taps(_ operands: Operands) -> Int? {
    func extents(_ position: Int) -> [Int?] {
      guard operands.has(position), let type = operands.types[position], type.isKnown else {
        return []
      }
      return type.shape.map(\.value)
    }
    switch node.type {
    case "Conv", "ConvInteger", "com.microsoft.FusedConv": return product(extents(1).dropFirst())
    case "QLinearConv": return product(extents(3).dropFirst())
    case "MatMul", "MatMulInteger", "QLinearMatMul", "com.microsoft.FusedMatMul", "Gemm":
      return extents(0).last.flatMap { $0 }
    default: return nil
    }
  }

  private func product(_ extents: ArraySlice<Int?>) -> Int? {
    let known = extents.compactMap { $0 }
    return known.isEmpty || known.count < extents.count ? nil : known.reduce(1, *)
  }
}
