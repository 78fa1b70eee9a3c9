public import ECGraph

extension OperatorTable {
  /// The one list of all that importers know.
  public static let standard = OperatorTable(
    keras: kerasConvolutionRules + kerasActivationRules + kerasPoolingRules + kerasShapeRules
      + kerasWrapperRules + kerasOperationRules + kerasNormalizationRules + kerasAttentionRules,
    kerasWrites: kerasConvolutionWrites + kerasActivationWrites + kerasShapeWrites
      + kerasOperationWrites + kerasNormalizationWrites,
    onnx: onnxConvolutionRules + onnxActivationRules + onnxPoolingRules + onnxShapeRules
      + onnxSelectionRules + onnxNormalizationRules + onnxResizeRules + onnxLogicRules
      + onnxQuantizationRules,
    fallback: onnxFallback, folding: onnxFolding,
    typeless: [
      "And", "Cast", "Concat", "CumSum", "DequantizeLinear", "Equal", "Flatten", "Greater",
      "GreaterOrEqual",
      "Identity", "Less", "LessOrEqual", "Not", "Or", "QuantizeLinear", "Reshape", "Slice",
      "Squeeze", "Transpose",
      "Unsqueeze", "Where", "Xor",
    ], keptType: onnxKeptType)
}
