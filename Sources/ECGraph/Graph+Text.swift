/// The text form of a graph, for golden files and for people.
extension Graph {
  /// One line per input, initializer and node:
  ///
  ///     graph tiny (image: float32[batch, 8, 8, 3]) -> probabilities
  ///       conv1 = Conv2D(image, conv1/kernel: float32[4, 3, 3, 3]) -> float32[batch, 6, 6, 4]
  public var text: String {
    let inputs = inputs.map { "\(self[$0].name): \(self[$0].type)" }
    var lines = [
      "graph \(name) (\(inputs.joined(separator: ", "))) -> "
        + outputs.map { self[$0].name }.joined(separator: ", ")
    ]
    for node in nodes {
      let operands = node.inputs.map { id -> String in
        guard let id else { return "none" }
        return constant(id) == nil ? self[id].name : "\(self[id].name): \(self[id].type)"
      }
      let results = node.outputs.map { self[$0].name }.joined(separator: ", ")
      let types = node.outputs.map { "\(self[$0].type)" }.joined(separator: ", ")
      lines.append(
        "  \(results) = \(node.op.text)(\(operands.joined(separator: ", "))) -> \(types)")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
