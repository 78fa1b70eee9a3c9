public import ECGraph
import ECTensor

/// Positions `start, start + step, …` along some axes.
///
/// Source: ONNX Slice 10-13; Keras Cropping2D, CenterCrop, `x[:, ::2]`.
public struct Slice: UncontractedOperator {
  /// One axis that is sliced.
  public struct Range: Sendable, Hashable {
    var axis: Int
    /// The first position; negative counts from the end.
    var start: Int
    /// The position that isn't taken any more; negative counts from the end, `nil` is all.
    var stop: Int?
    var step: Int
  }

  var ranges: [Range]

  public var name: String { "Slice" }
  public var axes: AxisSignature { "… -> …" }
  public var attributeText: String {
    ranges.map { "\($0.axis):\($0.start)..\($0.stop.map { "\($0)" } ?? "")/\($0.step)" }
      .joined(separator: " ")
  }

  /// The positions that a range takes of an extent.
  static func positions(_ range: Range, of extent: Int) -> [Int] {
    func clamped(_ position: Int) -> Int {
      let p = position < 0 ? position + extent : position
      return range.step > 0 ? min(max(p, 0), extent) : min(max(p, -1), extent - 1)
    }
    let start = clamped(range.start)
    let stop = range.stop.map(clamped) ?? (range.step > 0 ? extent : -1)
    return Array(stride(from: start, to: stop, by: range.step))
  }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    var type = try operands.type(0)
    for range in ranges {
      guard range.axis < type.rank, range.step != 0 else {
        throw GraphError(.refused("axis \(range.axis) can't be sliced by \(range.step)"))
      }
      guard let extent = type.shape[range.axis].value else {
        type.shape[range.axis] = .symbolic("")
        continue
      }
      let count = Slice.positions(range, of: extent).count
      if count == 0 { throw GraphError(.emptyResult) }
      type.shape[range.axis] = .fixed(count)
    }
    return [type]
  }

  public func couple(_ coupling: inout Coupling) {
    guard let x = coupling.operands.types[0], var labels = coupling.labels[0] else { return }
    for range in ranges where labels.shape[range.axis] > 1 {
      if abs(range.step) != 1 && ranges.count > 1 {
        return coupling.freeze(labels.ids, because: "its channels are taken in steps")
      }
      guard let extent = x.shape[range.axis].value else {
        return coupling.barrier("it is sliced along an axis of unknown extent")
      }
      labels = labels.gathered(axis: range.axis, Slice.positions(range, of: extent))
    }
    coupling.setResult(0, labels.compressed())
  }

  public func cut(_ cut: Cut) throws(GraphError) -> any Operator {
    var other = self
    for (k, range) in ranges.enumerated() {
      guard let kept = cut.operandKeeps[0][range.axis],
        let extent = cut.operands.types[0]?.shape[range.axis].value
      else { continue }
      var places: [Int: Int] = [:]
      for (place, position) in kept.enumerated() { places[position] = place }
      let positions = Slice.positions(range, of: extent).compactMap { places[$0] }
      if let spelled = Slice.range(of: positions, axis: range.axis) {
        other.ranges[k] = spelled
      } else if ranges.count == 1, !positions.isEmpty {
        return Gather(axis: range.axis, positions: positions, form: [positions.count])
      } else {
        throw GraphError(.cutNotRectangular("the kept channels of a slice have gaps"))
      }
    }
    return other
  }

  /// The range that takes neighbouring positions, up or down.
  private static func range(of positions: [Int], axis: Int) -> Range? {
    guard let first = positions.first, let last = positions.last else { return nil }
    let step = last < first ? -1 : 1
    guard positions == Array(stride(from: first, through: last, by: step)) else { return nil }
    let stop = last + step
    return Range(axis: axis, start: first, stop: stop < 0 ? nil : stop, step: step)
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    guard operands.types[0]?.rank == 4 else { return .becomes(self) }
    var other = self
    for k in ranges.indices { other.ranges[k].axis = from.axis(ranges[k].axis, in: to, rank: 4) }
    return .becomes(other)
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard var x = values[0] else { throw GraphError(.missingOperand(0)) }
    for range in ranges {
      let positions = Slice.positions(range, of: x.shape[range.axis])
      guard let first = positions.first else { throw GraphError(.emptyResult) }
      if range.step < 0 {
        x = builder.gather(x, axis: range.axis, positions: positions)
        continue
      }
      var starts = [Int](repeating: 0, count: x.shape.count)
      var counts = x.shape
      var steps = [Int](repeating: 1, count: x.shape.count)
      (starts[range.axis], counts[range.axis], steps[range.axis]) = (
        first, positions.count, range.step
      )
      x = builder.slice(x, starts: starts, counts: counts, steps: steps)
    }
    return [x]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    func vector(_ numbers: [Int], _ suffix: String) -> FormatOperand {
      .constant(Tensor(numbers, shape: [numbers.count]), suffix: suffix)
    }
    let stops = ranges.map { $0.stop ?? ($0.step > 0 ? Int(Int32.max) : -Int(Int32.max)) }
    if context.opset < 10 {
      guard ranges.allSatisfy({ $0.step == 1 }) else { return nil }
      return ExportedNodes(
        FormatNode(
          "Slice",
          attributes: [
            "axes": .ints(ranges.map(\.axis)), "ends": .ints(stops),
            "starts": .ints(ranges.map(\.start)),
          ], inputs: [.operand(0)]))
    }
    var inputs: [FormatOperand] = [
      .operand(0), vector(ranges.map(\.start), "starts"), vector(stops, "ends"),
      vector(ranges.map(\.axis), "axes"),
    ]
    if ranges.contains(where: { $0.step != 1 }) {
      inputs.append(vector(ranges.map(\.step), "steps"))
    }
    return ExportedNodes(FormatNode("Slice", inputs: inputs))
  }
}
