public import ECGraph
import ECTensor

/// Sums of the elements up to each position of one axis.
///
/// Source: ONNX CumSum 11-14 along a constant axis.
public struct CumulativeSum: UncountedOperator, UncontractedOperator, AxisOperator {
  /// The axis, from the first.
  public var axis: Int
  /// Whether a position's own element is left out.
  let isExclusive: Bool
  /// Whether sums run from the last position.
  let isReversed: Bool

  public var name: String { "CumSum" }
  public var axes: AxisSignature { "… -> …" }
  public var attributeText: String {
    "axis=\(axis)" + (isExclusive ? " exclusive" : "") + (isReversed ? " reversed" : "")
  }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    [try typeWithAxis(operands)]
  }

  public func couple(_ coupling: inout Coupling) {
    guard let labels = coupling.labels[0] else { return }
    if coupling.collapse(labels, along: [axis], because: "it is summed across its channels") != nil
    {
      coupling.setResult(0, labels)
    }
  }

  /// A product with a triangular matrix of ones.
  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0] else { throw GraphError(.missingOperand(0)) }
    let count = x.shape[axis]
    var ones = [Float](repeating: 0, count: count * count)
    for from in 0..<count {
      for to in 0..<count {
        let isBefore = isReversed ? from > to : from < to
        if isBefore || (from == to && !isExclusive) { ones[from * count + to] = 1 }
      }
    }
    let matrix = builder.constant(Tensor(ones, shape: [count, count]))
    return [builder.mixed(x, axis: axis, matrix)]
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? { nil }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    guard context.opset >= 11 else { return nil }
    var attributes: FormatObject = [:]
    if isExclusive { attributes["exclusive"] = .int(1) }
    if isReversed { attributes["reverse"] = .int(1) }
    return ExportedNodes(
      FormatNode(
        "CumSum", attributes: attributes,
        inputs: [.operand(0), .constant(Tensor([axis], shape: []), suffix: "axis")]))
  }
}

extension KernelBuilder {
  /// `y[…, j, …] = Σ x[…, i, …] · matrix[i, j]` along one axis.
  func mixed(_ x: KernelValue, axis: Int, _ matrix: KernelValue) -> KernelValue {
    var order = Array(x.shape.indices)
    order.swapAt(axis, order.count - 1)
    let product = matrixProduct(transpose(x, order), weights: matrix, bias: nil)
    return transpose(product, order)
  }
}
