import ECGraph
import ECTensor

/// Operands of standard operators that were attributes in older operator sets.
///
/// Operators say their nodes in the present form; this table turns them back.
/// Source: the version history in onnx/docs/Changelog.md.
struct OlderForm {
  /// An operand, by position, and the attribute that it was.
  struct Operand {
    let position: Int
    let attribute: String
    /// Whether the attribute holds one number instead of a list of whole numbers.
    var isNumber = false
  }

  /// The first operator set in which these are operands.
  let since: Int
  let operands: [Operand]

  private static let axes = [Operand(position: 1, attribute: "axes")]

  private static let forms: [String: OlderForm] = [
    "Clip": OlderForm(
      since: 11,
      operands: [
        Operand(position: 1, attribute: "min", isNumber: true),
        Operand(position: 2, attribute: "max", isNumber: true),
      ]),
    "Pad": OlderForm(
      since: 11,
      operands: [
        Operand(position: 1, attribute: "pads"),
        Operand(position: 2, attribute: "value", isNumber: true),
      ]),
    "Slice": OlderForm(
      since: 10,
      operands: ["starts", "ends", "axes"].enumerated().map {
        Operand(position: $0 + 1, attribute: $1)
      }),
    "Split": OlderForm(since: 13, operands: [Operand(position: 1, attribute: "split")]),
    "Squeeze": OlderForm(since: 13, operands: axes),
    "Unsqueeze": OlderForm(since: 13, operands: axes),
    "ReduceSum": OlderForm(since: 13, operands: axes),
  ].merging(
    [
      "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean",
      "ReduceMin", "ReduceProd", "ReduceSumSquare",
    ].map { ($0, OlderForm(since: 18, operands: axes)) }, uniquingKeysWith: { $1 })

  /// A node in the words of an operator set; `nil` where that can't say it.
  static func node(_ node: FormatNode, opset: Int, constants: [Tensor?]) -> FormatNode? {
    if node.type == "Resize", node.domain.isEmpty, node.carried == nil {
      return resize(node, opset)
    }
    guard node.carried == nil, node.domain.isEmpty, let form = forms[node.type],
      opset < form.since
    else { return node }
    var result = node
    for operand in form.operands.reversed() where operand.position < node.inputs.count {
      let tensor: Tensor?
      switch result.inputs.remove(at: operand.position) {
      case .absent: continue
      case .constant(let constant, _), .matching(let constant, _): tensor = constant
      case .operand(let position):
        // An operand that isn't there is no more than absent.
        guard position < constants.count else { continue }
        tensor = constants[position]
      case .intermediate: tensor = nil
      }
      guard let tensor else { return nil }
      if operand.isNumber {
        result.attributes[operand.attribute] = tensor.doubles().first.map { .float($0) }
      } else if let numbers = tensor.integers() {
        result.attributes[operand.attribute] = .list(numbers.map { .int($0) })
      } else {
        return nil
      }
    }
    // What is left beyond the first operand came with the newer form, such as the steps of a slice.
    return result.inputs.count == 1 ? result : nil
  }

  /// The region of interest must be there before opset 13, and is nothing before 11.
  private static func resize(_ node: FormatNode, _ opset: Int) -> FormatNode? {
    guard opset < 13, node.inputs.count > 2, case .absent = node.inputs[1] else { return node }
    var result = node
    if opset >= 11 {
      result.inputs[1] = .constant(Tensor([Float](), shape: [0]), suffix: "roi")
      return result
    }
    guard opset == 10, node.inputs.count == 3,
      node.attributes["coordinate_transformation_mode"]?.string == "asymmetric"
    else { return nil }
    result.inputs.remove(at: 1)
    result.attributes = node.attributes.filter { $0.key == "mode" }
    return result
  }
}
