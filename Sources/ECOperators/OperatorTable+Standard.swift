public import ECGraph

extension OperatorTable {
  /// The one list of all that importers know.
  public static let standard = OperatorTable(
    keras: kerasConvolutionRules + kerasActivationRules + kerasPoolingRules + kerasShapeRules
      + kerasWrapperRules + kerasOperationRules + kerasNormalizationRules,
    kerasWrites: kerasConvolutionWrites + kerasActivationWrites + kerasShapeWrites
      + kerasOperationWrites + kerasNormalizationWrites,
    onnx: onnxConvolutionRules + onnxActivationRules + onnxPoolingRules + onnxShapeRules
      + onnxSelectionRules + onnxNormalizationRules + onnxResizeRules,
    fallback: onnxFallback, folding: onnxFolding,
    typeless: [
      "Cast", "Concat", "Flatten", "Identity", "Reshape", "Slice", "Squeeze", "Transpose",
      "Unsqueeze",
    ])
}
