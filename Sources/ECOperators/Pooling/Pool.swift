public import ECGraph
import ECTensor

/// A sliding maximum or mean over the picture axes.
///
/// Source: ONNX MaxPool and AveragePool 7-22; Keras MaxPooling, AveragePooling (which exclude padding
/// from the mean).
public struct Pool: UncountedOperator, UncontractedOperator {
  /// What is computed, and how cells outside the picture count.
  public let kind: PoolKernel
  var geometry: WindowGeometry
  var layout: ImageLayout

  public var name: String { kind == .maximum ? "MaxPool" : "AveragePool" }

  public var axes: AxisSignature {
    let rank = geometry.size.count
    return AxisSignature(
      layout.letters(channel: "c", spatialRank: rank) + " -> "
        + layout.letters(channel: "c", spatialRank: rank, prime: "'"))
  }

  public var attributeText: String {
    geometry.text + (kind == .averageIncludingPadding ? " countPadding" : "")
      + (layout == .channelsLast ? " nhwc" : "")
  }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    _ = try axes.bind(operands)
    let x = try operands.type(0)
    return [
      layout.type(
        like: x, channels: x.shape[layout.channelAxis(rank: x.rank)],
        spatial: try geometry.outputSize(layout.spatialExtents(x)))
    ]
  }

  public func couple(_ coupling: inout Coupling) {
    coupling.follow(axes, reducing: "it is pooled across channels")
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0] else { throw GraphError(.missingOperand(0)) }
    let extents = layout.spatialAxes(rank: x.shape.count).map { x.shape[$0] }
    let size = try geometry.outputSize(extents.map { $0 }).compactMap { $0 }
    return [
      builder.pooling(
        kind, x, window: geometry.window(extents), outputSize: size, layout: layout)
    ]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    guard layout == .channelsFirst, let x = context.operands.types[0] else { return nil }
    var attributes = geometry.attributes(layout.spatialExtents(x))
    if geometry.ceil { attributes["ceil_mode"] = .int(1) }
    if kind == .averageIncludingPadding { attributes["count_include_pad"] = .int(1) }
    attributes.sort { $0.key < $1.key }
    return ExportedNodes(FormatNode(name, attributes: attributes, inputs: [.operand(0)]))
  }
}

extension Pool: ImageOperator {
  var spatialRank: Int { geometry.size.count }
}
