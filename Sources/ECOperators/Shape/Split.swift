public import ECGraph
import ECTensor

/// Parts of an axis, one behind the other.
///
/// Source: ONNX Split 2-18; `tf.split`.
public struct Split: UncontractedOperator, AxisOperator {
  /// The axis, from the first.
  public var axis: Int
  /// The extents of the parts.
  public var sizes: [Int]

  public var name: String { "Split" }
  public var axes: AxisSignature { "… -> …" }
  public var attributeText: String { "axis=\(axis) sizes=\(sizes)" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let x = try operands.type(0)
    guard axis >= 0, axis < x.rank, sizes.allSatisfy({ $0 >= 1 }) else {
      throw GraphError(.refused("axis \(axis) can't be split into \(sizes)"))
    }
    if let extent = x.shape[axis].value, extent != sizes.reduce(0, +) {
      throw GraphError(.refused("an axis of \(extent) can't be split into \(sizes)"))
    }
    return sizes.map { size in
      var part = x
      part.shape[axis] = .fixed(size)
      return part
    }
  }

  public func couple(_ coupling: inout Coupling) {
    guard let labels = coupling.labels[0] else { return }
    var start = 0
    for (part, size) in sizes.enumerated() {
      coupling.setResult(
        part, labels.gathered(axis: axis, Array(start..<(start + size))).compressed())
      start += size
    }
  }

  public func cut(_ cut: Cut) throws(GraphError) -> any Operator {
    var other = self
    guard let kept = cut.operandKeeps[0][axis] else { return self }
    var start = 0
    for (part, size) in sizes.enumerated() {
      other.sizes[part] = kept.count { $0 >= start && $0 < start + size }
      start += size
    }
    guard other.sizes.allSatisfy({ $0 > 0 }) else {
      throw GraphError(.cutNotRectangular("a part of a split would be empty"))
    }
    return other
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0] else { throw GraphError(.missingOperand(0)) }
    var start = 0
    return sizes.map { size in
      var starts = [Int](repeating: 0, count: x.shape.count)
      var counts = x.shape
      (starts[axis], counts[axis]) = (start, size)
      start += size
      return builder.slice(
        x, starts: starts, counts: counts, steps: [Int](repeating: 1, count: starts.count))
    }
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    guard let x = context.operands.types[0], axis > 0 else { return nil }
    var chain = LayerChain()
    var results: [LayerOperand] = []
    var start = 0
    for size in sizes {
      chain.result = .operand(0)
      guard chain.take(start..<(start + size), axis: axis, of: x) else { return nil }
      results.append(chain.result)
      start += size
    }
    return ExportedLayers(layers: chain.exported.layers, results: results)
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    var node = FormatNode("Split", attributes: ["axis": .int(axis)], inputs: [.operand(0)])
    node.outputCount = sizes.count
    if context.opset >= 13 {
      node.inputs.append(.constant(Tensor(sizes, shape: [sizes.count]), suffix: "split"))
    } else {
      node.attributes["split"] = .ints(sizes)
    }
    return ExportedNodes(node)
  }
}
