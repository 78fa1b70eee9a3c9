import ECGraph
import ECTensor

/// An operator for these tests: takes any operands, gives its first one's type, and keeps whatever
/// attributes it was read with.
struct Use: Operator {
  var attributes: FormatObject = [:]
  var nodes: @Sendable (ExportContext, FormatObject) -> ExportedNodes? = { context, attributes in
    ExportedNodes(
      FormatNode(
        "Use", attributes: attributes,
        inputs: (0..<context.operands.count).map { .operand($0) }))
  }

  var name: String { "Use" }
  var axes: AxisSignature { "a b, … -> a b" }
  var attributeText: String {
    attributes.isEmpty ? "" : "\(FormatValue.object(attributes).json())"
  }

  func infer(_ operands: Operands) throws(GraphError) -> [ValueType] { [try operands.type(0)] }
  func macs(_ operands: Operands, results: [ValueType]) -> Int { 0 }
  func couple(_ coupling: inout Coupling) { coupling.barrier("a test") }
  func cut(_ cut: Cut) throws(GraphError) -> any Operator { self }
  func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout { .keeps }
  func lower(_ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder)
    throws(GraphError) -> [KernelValue]
  {
    throw GraphError(.refused("tests don't run it"))
  }
  func onnxNodes(_ context: ExportContext) -> ExportedNodes? { nodes(context, attributes) }
  func kerasLayers(_ context: LayerContext) -> ExportedLayers? { nil }
}

extension OperatorTable {
  /// `Use` and `Relu` as `Use`; `Identity` as nothing; `Refuse` refuses.
  static let test = OperatorTable(
    keras: [],
    onnx: [use("Use"), use("Relu")] + [
      ONNXRule("Identity") { (_, inputs, _) throws(FormatError) -> [ValueID] in
        inputs.compactMap { $0 }
      },
      ONNXRule("Refuse") { (_, _, _) throws(FormatError) -> [ValueID] in
        throw FormatError(.badAttribute("axis", value: "3", expected: "1"))
      },
    ])

  private static func use(_ type: String) -> ONNXRule {
    ONNXRule(type) { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      try sketch.apply(Use(attributes: node.attributes), inputs)
    }
  }
}
