public import ECGraph
import ECTensor

/// The same elements with the axes in another order: axis k of the result is axis `order[k]`.
///
/// Source: ONNX Transpose; Keras Permute.
public struct Transpose: UncountedOperator, UncontractedOperator {
  /// The order of the operand's axes in the result.
  public let order: [Int]

  /// Makes a transposition.
  public init(order: [Int]) {
    self.order = order
  }

  public var name: String { "Transpose" }
  public var axes: AxisSignature { "… -> …" }
  public var attributeText: String { "\(order)" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let x = try operands.type(0)
    guard order.sorted() == Array(0..<x.rank) else {
      throw GraphError(.rank(operand: 0, expected: order.count, found: x.rank))
    }
    return [ValueType(x.elementType, order.map { x.shape[$0] })]
  }

  public func couple(_ coupling: inout Coupling) {
    guard let labels = coupling.labels[0] else { return }
    coupling.setResult(0, labels.permuted(order))
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    order.count == 4 ? .keeps : .becomes(self)
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0] else { throw GraphError(.missingOperand(0)) }
    return [builder.transpose(x, order)]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    ExportedNodes(
      FormatNode("Transpose", attributes: ["perm": .ints(order)], inputs: [.operand(0)]))
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    guard order.first == 0, order.count > 1 else { return nil }
    var chain = LayerChain()
    chain.permute(Array(order.dropFirst()))
    return chain.exported
  }
}
