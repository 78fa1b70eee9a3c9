public import ECGraph
import ECTensor

/// The product of two stacks of matrices of which none is a plain weight, as in attention:
/// `y[…,m,n] = Σ a[…,m,k] · b[…,k,n]`; leading axes are broadcast.
///
/// Source: ONNX MatMul 1-13.
public struct MatrixProduct: UncountedOperator {
  public var name: String { "MatMul" }
  public var axes: AxisSignature { "… -> …" }
  public var attributeText: String { "" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let (a, b) = (try operands.type(0), try operands.type(1))
    guard min(a.rank, b.rank) >= 2 else {
      throw GraphError(
        .rank(operand: a.rank < 2 ? 0 : 1, expected: 2, found: min(a.rank, b.rank)))
    }
    if let k = a.shape[a.rank - 1].value, let other = b.shape[b.rank - 2].value, k != other {
      throw GraphError(.axisDiffers(letter: "k", first: k, second: other))
    }
    let leading = try broadcastShape(Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2)))
    return [ValueType(a.elementType, leading + [a.shape[a.rank - 2], b.shape[b.rank - 1]])]
  }

  public func macs(_ operands: Operands, results: [ValueType]) -> Int {
    let depth = operands.types[0]?.shape.last?.value ?? 1
    return results[0].shape.dropFirst().reduce(depth) { $0.times($1.value ?? 1) }
  }

  public func couple(_ coupling: inout Coupling) {
    coupling.barrier("it is multiplied by a computed matrix")
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    .keepsBelowImages(self, operands)
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let a = values[0], let b = values[1] else { throw GraphError(.missingOperand(1)) }
    return [builder.batchedProduct(a, b)]
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? { nil }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    ExportedNodes(FormatNode("MatMul", inputs: [.operand(0), .operand(1)]))
  }
}
