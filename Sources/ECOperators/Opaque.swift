public import ECGraph
import ECTensor

/// A node that is carried without being understood: an operator of a custom domain, a subgraph, a
/// variant without a rule.
///
/// Nothing couples through it, all that touches it keeps its channels, and it is written as it was
/// read. It can't be run; verification cuts the graph there.
///
/// Source: any ONNX node.
public struct Opaque: UncountedOperator {
  /// The node as its file has it.
  public let node: CarriedNode
  /// The batch of the source, which the results follow when it is given another extent.
  let batch: Dimension?

  public var name: String { node.type }
  public var axes: AxisSignature { "… -> …" }
  public var attributeText: String { "carried" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    guard let batch, let now = Opaque.batch(operands.types), now != batch else {
      return node.results
    }
    return node.results.map { result in
      guard result.isKnown, let first = result.shape.first, let was = batch.symbol,
        let symbol = first.symbol, symbol.name == was.name,
        let extent = now.scaled(by: Ratio(symbol.factor, was.factor))
      else { return result }
      return ValueType(result.elementType, [extent] + result.shape.dropFirst())
    }
  }

  /// The first extent of the first operand that has one.
  static func batch(_ types: [ValueType?]) -> Dimension? {
    types.lazy.compactMap { $0.flatMap { $0.isKnown ? $0.shape.first : nil } }.first
  }

  public func couple(_ coupling: inout Coupling) {
    coupling.barrier("\(node.type) isn't understood and is carried as it is")
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    .keeps
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    throw GraphError(.refused("\(node.type) isn't understood and can't be run"))
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? { nil }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    var form = FormatNode(
      node.type, domain: node.domain, inputs: [],
      outputCount: node.results.count)
    form.carried = node
    return ExportedNodes(form)
  }
}

extension OperatorTable {
  /// Carries any node.
  static let onnxFallback = ONNXRule("") {
    (node, inputs, sketch) throws(FormatError) -> [ValueID] in
    guard let carried = node.carried else {
      throw FormatError(.unsupported("\(node.type) isn't supported"))
    }
    let types = inputs.map { input in input.map { sketch.type(of: $0) } }
    return try sketch.apply(Opaque(node: carried, batch: Opaque.batch(types)), inputs)
  }
}
