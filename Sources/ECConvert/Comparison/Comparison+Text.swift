import ECExecution
import ECGraph

extension Comparison {
  /// One line for each output, and then what is known of the tensors on the way there, for people.
  public var lines: [String] {
    let outputs = outputs.map { output in
      "\(output.passed ? "same" : "DIFFERENT")  '\(output.name)': "
        + Comparison.words(output.difference)
    }
    return outputs + firstDifference + coverage
  }

  /// Where the models part.
  private var firstDifference: [String] {
    guard let first = reported else { return [] }
    let place = layers.layers.prefix { $0.name != first.name }.count + 1
    var lines = [
      "first tensor that differs: \(Comparison.title(first)), "
        + "number \(place) of \(layers.layers.count):"
    ]
    guard let difference = first.difference else {
      lines.append(
        "  \(Comparison.text(first.shapes.reference)) in A, "
          + "\(Comparison.text(first.shapes.candidate)) in B")
      if let next = layers.firstInNumbers, let difference = next.difference {
        lines += [
          "first of the same shape that differs: \(Comparison.title(next)):",
          "  " + Comparison.words(difference),
        ]
      }
      return lines
    }
    lines.append("  " + Comparison.words(difference))
    return lines
  }

  /// How many tensors could be compared, and why not all.
  private var coverage: [String] {
    let compared = layers.compared.count
    let reshaped = layers.layers.count - compared
    let passed = layers.compared.filter(\.passed).count
    let key = layers.key == .name ? "by name" : "by the order of operators"
    var rest: [String] = []
    if reshaped > 0 { rest.append("\(reshaped) of another shape") }
    if !layers.unpaired.isEmpty { rest.append("\(layers.unpaired.count) only in A") }
    return [
      "\(passed) of \(compared) tensors compared are the same, matched \(key)"
        + (rest.isEmpty ? "" : "; not compared: " + rest.joined(separator: ", "))
    ]
  }

  /// The first tensor that differs; tensors that only the order of operators brought together prove
  /// nothing where the outputs are the same.
  private var reported: LayerComparison.Layer? {
    passed && layers.key == .order ? nil : layers.first
  }

  private static func title(_ layer: LayerComparison.Layer) -> String {
    let name = layer.name == layer.candidate ? "" : ", '\(layer.candidate)' in B"
    let origin = layer.layer == layer.name ? "" : " of '\(layer.layer)'"
    return "'\(layer.name)' (\(layer.op)\(origin)\(name))"
  }

  private static func words(_ difference: Difference) -> String {
    "largest difference \(Quantity.short(difference.absolute)), "
      + "\(Quantity.short(difference.relative)) of the largest magnitude"
  }

  private static func text(_ shape: [Int]) -> String {
    shape.map { "\($0)" }.joined(separator: "x")
  }

  /// The differences as JSON (`schemas/comparison.schema.json`).
  public func json() -> String {
    FormatValue.object([
      "passed": .bool(passed), "samples": .int(samples),
      "outputs": .list(
        outputs.map {
          .object([
            "name": .string($0.name), "maxAbsoluteDifference": .float($0.difference.absolute),
            "maxRelativeDifference": .float($0.difference.relative), "passed": .bool($0.passed),
          ])
        }),
      "matchedBy": .string(layers.key.rawValue),
      "firstDifference": reported.map(Comparison.object) ?? .null,
      "tensors": .list(layers.layers.map(Comparison.object)),
      "onlyInReference": .list(layers.unpaired.map { .string($0) }),
    ]).json(indent: 1)
  }

  private static func object(_ layer: LayerComparison.Layer) -> FormatValue {
    .object([
      "name": .string(layer.name), "candidateName": .string(layer.candidate),
      "layer": .string(layer.layer), "operator": .string(layer.op),
      "shape": .list(layer.shapes.reference.map { .int($0) }),
      "candidateShape": .list(layer.shapes.candidate.map { .int($0) }),
      "maxAbsoluteDifference": layer.difference.map { .float($0.absolute) } ?? .null,
      "maxRelativeDifference": layer.difference.map { .float($0.relative) } ?? .null,
      "passed": .bool(layer.passed),
    ])
  }
}
