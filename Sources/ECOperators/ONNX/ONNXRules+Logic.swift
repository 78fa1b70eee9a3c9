import ECGraph
import ECTensor

/// Tests, choices, running sums and sums of products of ONNX.
extension OperatorTable {
  static let onnxLogicRules: [ONNXRule] =
    Comparison.Kind.allCases.map { kind in
      ONNXRule(kind.rawValue) { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
        try sketch.apply(
          Comparison(kind: kind), [try node.operand(inputs, 0), try node.operand(inputs, 1)])
      }
    } + [
      ONNXRule("Not") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
        try sketch.apply(LogicalNot(), [try node.operand(inputs, 0)])
      },
      ONNXRule("Where") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
        var operands: [ValueID?] = []
        for position in 0..<3 { operands.append(try node.operand(inputs, position)) }
        return try sketch.apply(Choice(), operands)
      },
      ONNXRule("CumSum") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
        let x = try node.operand(inputs, 0)
        guard let given = try sketch.constant(inputs, 1)?.integers()?.first else {
          throw FormatError(.graph(GraphError(.missingOperand(1))))
        }
        let op = CumulativeSum(
          axis: try node.axis(given, rank: sketch.type(of: x).rank),
          isExclusive: node.int("exclusive", default: 0) != 0,
          isReversed: node.int("reverse", default: 0) != 0)
        return try sketch.apply(op, [x])
      },
      ONNXRule("Einsum") { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
        guard let text = node.attributes["equation"]?.string else {
          throw FormatError(.missingAttribute("equation"))
        }
        var types: [ValueType] = []
        for position in inputs.indices {
          types.append(sketch.type(of: try node.operand(inputs, position)))
        }
        let equation = try EinsumEquation(text, ranks: types.map(\.rank))
        let op = Einsum(operands: equation.operands, result: equation.result)
        // The format broadcasts axes of one element; no exporter is known to write that.
        do throws(GraphError) {
          _ = try op.infer(
            Operands(types: types, constants: types.map { _ in nil }))
        } catch {
          throw FormatError(.unsupported("an Einsum that broadcasts isn't supported"))
        }
        return try sketch.apply(op, inputs)
      },
    ]
}
