public import ECGraph
import ECTensor

/// The maximum or mean of each channel over the whole picture.
///
/// Source: ONNX GlobalAveragePool, GlobalMaxPool; Keras GlobalAveragePooling2D, GlobalMaxPooling2D.
public struct GlobalPool: UncountedOperator, UncontractedOperator {
  /// Whether the maximum is taken, or the mean.
  public let isMaximum: Bool
  /// Whether the picture axes stay, with extent one.
  public var keepDims: Bool
  var layout: ImageLayout
  let spatialRank: Int

  /// Makes the operator.
  public init(isMaximum: Bool, keepDims: Bool, layout: ImageLayout, spatialRank: Int) {
    (self.isMaximum, self.keepDims) = (isMaximum, keepDims)
    (self.layout, self.spatialRank) = (layout, spatialRank)
  }

  public var name: String { isMaximum ? "GlobalMaxPool" : "GlobalAveragePool" }

  public var axes: AxisSignature {
    let x = layout.letters(channel: "c", spatialRank: spatialRank)
    let ones = (["n", "c"] + [String](repeating: "1", count: spatialRank)).joined(separator: " ")
    return AxisSignature("\(x) -> \(keepDims ? layout.of(ones) : "n c")")
  }

  public var attributeText: String {
    (keepDims ? "keepDims" : "") + (layout == .channelsLast ? " nhwc" : "")
  }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    _ = try axes.bind(operands)
    let x = try operands.type(0)
    let channels = x.shape[layout.channelAxis(rank: x.rank)]
    if !keepDims { return [ValueType(x.elementType, [x.shape[0], channels])] }
    return [
      layout.type(like: x, channels: channels, spatial: [Int?](repeating: 1, count: spatialRank))
    ]
  }

  public func couple(_ coupling: inout Coupling) {
    coupling.follow(axes, reducing: "its channels stand along the picture here")
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0] else { throw GraphError(.missingOperand(0)) }
    let axes = Array(layout.spatialAxes(rank: x.shape.count))
    return [
      builder.reduction(isMaximum ? .maximum : .mean, x, axes: axes, keepDims: keepDims)
    ]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    guard layout == .channelsFirst else { return nil }
    let pool = FormatNode(name, inputs: [.operand(0)])
    if keepDims { return ExportedNodes(pool) }
    return ExportedNodes(
      pool, FormatNode("Flatten", attributes: ["axis": .int(1)], inputs: [.intermediate(0)]))
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    var chain = LayerChain()
    if layout == .channelsFirst { chain.permute(Array(2..<(spatialRank + 2)) + [1]) }
    chain.add(
      "Global\(isMaximum ? "Max" : "Average")Pooling\(spatialRank)D",
      globalPoolConfig(keepDims: keepDims), suffix: "")
    if layout == .channelsFirst && keepDims {
      chain.permute([spatialRank + 1] + Array(1...spatialRank))
    }
    return chain.exported
  }
}

extension GlobalPool: ImageOperator {}
