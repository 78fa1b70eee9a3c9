public import ECGraph
import ECTensor

/// A sum, mean or the like over some axes.
///
/// Source: ONNX ReduceMean and its kin 1-18; `tf.reduce_mean`, `keras.ops.mean`.
public struct Reduce: UncountedOperator, UncontractedOperator {
  /// What is computed.
  public let kind: ReductionKernel
  /// The axes, from the first, ascending.
  public var reducedAxes: [Int]
  /// Whether reduced axes stay, with extent one.
  public let keepDims: Bool

  /// Makes a reduction over some axes, counted from the first.
  public init(kind: ReductionKernel, reducedAxes: [Int], keepDims: Bool) {
    self.kind = kind
    self.reducedAxes = reducedAxes
    self.keepDims = keepDims
  }

  public var name: String {
    switch kind {
    case .mean: "ReduceMean"
    case .sum: "ReduceSum"
    case .maximum: "ReduceMax"
    case .minimum: "ReduceMin"
    case .product: "ReduceProd"
    case .l1: "ReduceL1"
    case .l2: "ReduceL2"
    }
  }
  public var axes: AxisSignature { "… -> …" }
  public var attributeText: String { "axes=\(reducedAxes)" + (keepDims ? " keepDims" : "") }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let x = try operands.type(0)
    guard reducedAxes.allSatisfy({ $0 >= 0 && $0 < x.rank }) else {
      throw GraphError(.refused("axes \(reducedAxes) are outside the operand's \(x.rank) axes"))
    }
    var shape: [Dimension] = []
    for (axis, extent) in x.shape.enumerated() {
      if !reducedAxes.contains(axis) {
        shape.append(extent)
      } else if keepDims {
        shape.append(1)
      }
    }
    return [ValueType(x.elementType, shape)]
  }

  public func couple(_ coupling: inout Coupling) {
    guard let labels = coupling.labels[0], !labels.isNone else { return }
    let reason = "its channels are reduced to one number"
    guard let left = coupling.collapse(labels, along: reducedAxes, because: reason) else { return }
    let shape = left.shape.enumerated().filter { keepDims || !reducedAxes.contains($0.offset) }
    coupling.setResult(0, LabelArray(shape: shape.map(\.element), ids: left.ids))
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    guard operands.types[0]?.rank == 4 else { return .becomes(self) }
    let isPicture = reducedAxes == Array(from.spatialAxes(rank: 4))
    guard keepDims || isPicture else { return .keeps }
    var other = self
    other.reducedAxes = reducedAxes.map { from.axis($0, in: to, rank: 4) }.sorted()
    return .becomes(other)
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0] else { throw GraphError(.missingOperand(0)) }
    return [builder.reduction(kind, x, axes: reducedAxes, keepDims: keepDims)]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    let keep = FormatValue.int(keepDims ? 1 : 0)
    let rank = context.operands.types[0]?.rank ?? 0
    if rank == 4 && reducedAxes == [2, 3] && keepDims && (kind == .mean || kind == .maximum) {
      return ExportedNodes(
        FormatNode(
          kind == .mean ? "GlobalAveragePool" : "GlobalMaxPool", inputs: [.operand(0)]))
    }
    if context.opset >= 18 || (kind == .sum && context.opset >= 13) {
      let axes = Tensor(reducedAxes, shape: [reducedAxes.count])
      return ExportedNodes(
        FormatNode(
          name, attributes: ["keepdims": keep],
          inputs: [.operand(0), .constant(axes, suffix: "axes")]
        ))
    }
    return ExportedNodes(
      FormatNode(
        name, attributes: ["axes": .ints(reducedAxes), "keepdims": keep], inputs: [.operand(0)]))
  }
}
