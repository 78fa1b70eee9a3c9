public import ECGraph
import ECTensor

/// Adds cells before and after each axis; negative counts take cells away.
///
/// Source: ONNX Pad 2-21; Keras ZeroPadding2D.
public struct Pad: UncontractedOperator {
  /// What the cells hold.
  public enum Mode: String, Sendable, Hashable {
    /// One value.
    case constant
    /// The picture mirrored at its edge cell, which isn't repeated.
    case reflect
    /// The edge cell.
    case edge
    /// The picture from its other end.
    case wrap
  }

  /// Cells before each axis.
  public var begin: [Int]
  /// Cells after each axis.
  public var end: [Int]
  /// The value of the cells, in constant mode.
  public let value: Float
  /// What the cells hold.
  public let mode: Mode

  /// Makes a padding.
  /// - Precondition: `begin` and `end` have one entry per axis.
  public init(begin: [Int], end: [Int], value: Float = 0, mode: Mode = .constant) {
    precondition(begin.count == end.count)
    self.begin = begin
    self.end = end
    self.value = value
    self.mode = mode
  }

  public var name: String { "Pad" }
  public var axes: AxisSignature { "… -> …" }
  public var attributeText: String {
    "\(begin)+\(end)" + (value == 0 ? "" : " value=\(value)")
      + (mode == .constant ? "" : " \(mode)")
  }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let x = try operands.type(0)
    guard begin.count == x.rank else {
      throw GraphError(.rank(operand: 0, expected: begin.count, found: x.rank))
    }
    for k in begin.indices {
      if let extent = x.shape[k].value, extent + begin[k] + end[k] < 1 {
        throw GraphError(.emptyResult)
      }
      let reach = mode == .reflect ? 1 : 0
      if mode != .constant, let extent = x.shape[k].value,
        max(begin[k], end[k]) > (mode == .edge ? Int.max : extent - reach)
      {
        throw GraphError(.refused("\(max(begin[k], end[k])) cells can't be taken of \(extent)"))
      }
    }
    return [
      ValueType(
        x.elementType,
        x.shape.indices.map { k in
          begin[k] + end[k] == 0
            ? x.shape[k] : x.shape[k].value.map { .fixed($0 + begin[k] + end[k]) } ?? .symbolic("")
        })
    ]
  }

  public func couple(_ coupling: inout Coupling) {
    guard let labels = coupling.labels[0] else { return }
    var padded = labels
    for axis in labels.varyingAxes where begin[axis] != 0 || end[axis] != 0 {
      guard labels.varyingAxes == [axis], mode == .constant else {
        return coupling.freeze(labels.ids, because: "channels are added by padding")
      }
      // A channel that is added may leave together with what it meets.
      let ids = labels.ids.dropFirst(max(0, -begin[axis])).dropLast(max(0, -end[axis]))
      padded = .along(
        axis: axis, rank: begin.count,
        coupling.newAtoms(max(0, begin[axis])) + ids + coupling.newAtoms(max(0, end[axis])))
    }
    coupling.setResult(0, padded)
  }

  public func cut(_ cut: Cut) throws(GraphError) -> any Operator {
    var (before, behind) = (begin, end)
    for axis in begin.indices {
      guard let extent = cut.operands.types[0]?.shape[axis].value,
        cut.operandKeeps[0][axis] != nil || cut.resultKeeps[0][axis] != nil
      else { continue }
      let read = cut.operandKeeps[0][axis] ?? Array(0..<extent)
      let made = cut.resultKeeps[0][axis] ?? Array(0..<(extent + begin[axis] + end[axis]))
      before[axis] =
        begin[axis] < 0
        ? -read.count { $0 < -begin[axis] } : made.count { $0 < begin[axis] }
      behind[axis] =
        end[axis] < 0
        ? -read.count { $0 >= extent + end[axis] }
        : made.count { $0 >= begin[axis] + extent }
    }
    return Pad(begin: before, end: behind, value: value, mode: mode)
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    guard begin.count == 4 else { return .becomes(self) }
    let order = from.order(to: to, rank: 4)
    return .becomes(
      Pad(begin: order.map { begin[$0] }, end: order.map { end[$0] }, value: value, mode: mode))
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0] else { throw GraphError(.missingOperand(0)) }
    if mode == .constant { return [builder.pad(x, begin: begin, end: end, value: value)] }
    var y = x
    for axis in begin.indices where begin[axis] != 0 || end[axis] != 0 {
      let extent = x.shape[axis]
      let positions = (-begin[axis]..<(extent + end[axis])).map { source($0, of: extent) }
      y = builder.gather(y, axis: axis, positions: positions)
    }
    return [y]
  }

  /// The cell that a cell outside the picture repeats.
  private func source(_ position: Int, of extent: Int) -> Int {
    switch mode {
    case .reflect:
      return position < 0
        ? -position : position < extent ? position : 2 * (extent - 1) - position
    case .wrap: return (position % extent + extent) % extent
    case .edge, .constant: return min(max(position, 0), extent - 1)
    }
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    if mode == .wrap && context.opset < 19 { return nil }
    if context.opset < 11 {
      return ExportedNodes(
        FormatNode(
          "Pad",
          attributes: [
            "mode": .string(mode.rawValue), "pads": .ints(begin + end),
            "value": .float(Double(value)),
          ], inputs: [.operand(0)]))
    }
    var inputs: [FormatOperand] = [
      .operand(0), .constant(Tensor(begin + end, shape: [2 * begin.count]), suffix: "pads"),
    ]
    if value != 0 { inputs.append(.matching(Tensor(scalar: value), suffix: "value")) }
    return ExportedNodes(
      FormatNode("Pad", attributes: ["mode": .string(mode.rawValue)], inputs: inputs))
  }
}
