public import ECGraph
import ECTensor

/// An operand repeated along its axes.
///
/// Source: ONNX Tile 6-13; Keras RepeatVector, `tf.tile`.
public struct Tile: UncountedOperator, UncontractedOperator {
  /// How often the operand stands along each axis.
  public var repeats: [Int]

  public var name: String { "Tile" }
  public var axes: AxisSignature { "… -> …" }
  public var attributeText: String { "\(repeats)" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    var type = try operands.type(0)
    guard repeats.count == type.rank else {
      throw GraphError(.rank(operand: 0, expected: repeats.count, found: type.rank))
    }
    guard repeats.allSatisfy({ (1...1 << 20).contains($0) }) else {
      throw GraphError(.refused("it can't be repeated \(repeats) times"))
    }
    for axis in repeats.indices where repeats[axis] != 1 {
      type.shape[axis] = type.shape[axis].value.map { .fixed($0 * repeats[axis]) } ?? .symbolic("")
    }
    return [type]
  }

  public func couple(_ coupling: inout Coupling) {
    guard var labels = coupling.labels[0] else { return }
    for axis in repeats.indices where labels.shape[axis] > 1 {
      labels = labels.gathered(axis: axis, positions(labels.shape[axis], axis))
    }
    coupling.setResult(0, labels)
  }

  private func positions(_ extent: Int, _ axis: Int) -> [Int] {
    (0..<repeats[axis]).flatMap { _ in 0..<extent }
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    guard repeats.count == 4 else { return .becomes(self) }
    return .becomes(Tile(repeats: from.order(to: to, rank: 4).map { repeats[$0] }))
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard var x = values[0] else { throw GraphError(.missingOperand(0)) }
    for axis in repeats.indices where repeats[axis] > 1 {
      x = builder.gather(x, axis: axis, positions: positions(x.shape[axis], axis))
    }
    return [x]
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    var chain = LayerChain()
    for axis in repeats.indices where repeats[axis] > 1 {
      guard chain.repeatWhole(repeats[axis], axis: axis) else { return nil }
    }
    return chain.exported
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    let counts = Tensor(repeats, shape: [repeats.count])
    return ExportedNodes(
      FormatNode("Tile", inputs: [.operand(0), .constant(counts, suffix: "repeats")]))
  }
}
