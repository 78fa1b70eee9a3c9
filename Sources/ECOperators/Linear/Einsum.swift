public import ECGraph
import ECTensor

/// A sum of products of one or two operands whose axes are named by letters, as in attention:
/// `y[b,i,j] = Σ a[b,i,d] · b[b,j,d]`.
///
/// Source: ONNX Einsum 12 without diagonals.
public struct Einsum: UncountedOperator {
  /// The letters of each operand, one per axis.
  let operands: [[String]]
  /// The letters of the result.
  let result: [String]

  public var name: String { "Einsum" }
  public var axes: AxisSignature {
    let terms = operands.map { $0.joined(separator: " ") }
    return AxisSignature("\(terms.joined(separator: ", ")) -> \(result.joined(separator: " "))")
  }
  public var attributeText: String { equation }

  private var equation: String {
    operands.map { $0.joined() }.joined(separator: ",") + "->" + result.joined()
  }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let extents = try axes.bind(operands)
    return [ValueType(try operands.type(0).elementType, result.map { extents[$0] ?? 1 })]
  }

  /// One product for every combination of letters, but for the batch.
  public func macs(_ operands: Operands, results: [ValueType]) -> Int {
    guard self.operands.count == 2, let extents = try? axes.bind(operands) else { return 0 }
    return extents.reduce(1) { $1.key == result.first ? $0 : $0 * ($1.value.value ?? 1) }
  }

  public func couple(_ coupling: inout Coupling) {
    let computed = coupling.operands.constants.count { $0 == nil }
    guard computed < 2 else { return coupling.barrier("it is multiplied by a computed matrix") }
    coupling.follow(axes, reducing: "positions are mixed")
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    .keepsBelowImages(self, operands)
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    var terms: [LetteredValue] = []
    for (position, letters) in self.operands.enumerated() {
      guard let value = values[position] else { throw GraphError(.missingOperand(position)) }
      let others = self.operands.enumerated().filter { $0.offset != position }.flatMap(\.element)
      terms.append(
        LetteredValue(letters, value).summed(keeping: Set(result + others), builder))
    }
    let term = terms.count == 1 ? terms[0] : terms[0].product(terms[1], giving: result, builder)
    return [term.arranged(result, builder)]
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? { nil }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    guard context.opset >= 12 else { return nil }
    return ExportedNodes(
      FormatNode(
        "Einsum", attributes: ["equation": .string(equation)],
        inputs: operands.indices.map { .operand($0) }))
  }
}

/// A value whose axes have letters.
private struct LetteredValue {
  let letters: [String]
  let value: KernelValue

  init(_ letters: [String], _ value: KernelValue) {
    self.letters = letters
    self.value = value
  }

  private var extents: [String: Int] {
    Dictionary(uniqueKeysWithValues: zip(letters, value.shape))
  }

  func summed(keeping kept: Set<String>, _ builder: any KernelBuilder) -> LetteredValue {
    let lost = letters.indices.filter { !kept.contains(letters[$0]) }
    if lost.isEmpty { return self }
    return LetteredValue(
      letters.filter { kept.contains($0) },
      builder.reduction(.sum, value, axes: lost, keepDims: false))
  }

  func arranged(_ wanted: [String], _ builder: any KernelBuilder) -> KernelValue {
    if wanted == letters { return value }
    return builder.transpose(value, wanted.compactMap { letters.firstIndex(of: $0) })
  }

  /// The product as one of stacks of matrices: letters of both that stay are the stack.
  func product(
    _ other: LetteredValue, giving result: [String], _ builder: any KernelBuilder
  ) -> LetteredValue {
    let shared = letters.filter { other.letters.contains($0) && result.contains($0) }
    let depth = letters.filter { other.letters.contains($0) && !result.contains($0) }
    let rows = letters.filter { !other.letters.contains($0) }
    let columns = other.letters.filter { !letters.contains($0) }
    let extents = extents.merging(other.extents) { own, _ in own }
    func count(_ letters: [String]) -> Int { letters.reduce(1) { $0 * (extents[$1] ?? 1) } }
    let left = builder.reshape(
      arranged(shared + rows + depth, builder), [count(shared), count(rows), count(depth)])
    let right = builder.reshape(
      other.arranged(shared + depth + columns, builder),
      [count(shared), count(depth), count(columns)])
    let wanted = shared + rows + columns
    return LetteredValue(
      wanted,
      builder.reshape(builder.batchedProduct(left, right), wanted.map { extents[$0] ?? 1 }))
  }
}
