public import ECGraph
import ECTensor

/// Depthwise convolution: each input channel c makes the m output channels `c·m ..< (c+1)·m` alone.
///
/// The kernel is `[c·m, 1, kh, kw]`. Source: ONNX Conv with group = channels; Keras DepthwiseConv2D.
public struct DepthwiseConvolution: UncountedOperator {
  var geometry: WindowGeometry
  var layout: ImageLayout

  public var name: String { "DepthwiseConv" }

  var spatialRank: Int { geometry.size.count }

  public var axes: AxisSignature {
    let x = layout.letters(channel: "c", spatialRank: spatialRank)
    let y = layout.letters(channel: "m", spatialRank: spatialRank, prime: "'")
    return AxisSignature("\(x), m 1 \(tapLetters(spatialRank)), m? -> \(y)")
  }

  public var attributeText: String {
    geometry.text + (layout == .channelsLast ? " nhwc" : "")
  }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let extents = try axes.bind(operands)
    let x = try operands.type(0)
    if let channels = extents["c"]?.value, let made = extents["m"]?.value, made % channels != 0 {
      throw GraphError(.axisDiffers(letter: "m", first: channels, second: made))
    }
    let size = try geometry.outputSize(layout.spatialExtents(x))
    return [layout.type(like: x, channels: extents["m"] ?? .symbolic(""), spatial: size)]
  }

  public func macs(_ operands: Operands, results: [ValueType]) -> Int {
    let taps = operands.types[1]?.elementCountOfSample ?? 0
    return layout.spatialExtents(results[0]).reduce(taps) { $0.times($1 ?? 1) }
  }

  public func couple(_ coupling: inout Coupling) {
    guard let weights = coupling.operands.constants[1], let x = coupling.operands.types[0],
      let labels = coupling.labels[0]
    else { return coupling.barrier("its kernel is computed") }
    let axis = layout.channelAxis(rank: x.rank)
    guard let channels = x.shape[axis].value, channels > 0,
      let ids = labels.vector(axis: axis, count: channels)
    else { return coupling.barrier("its channels stand along several axes here") }
    let multiplier = weights.shape[0] / channels
    let made = ids.flatMap { [Int32](repeating: $0, count: multiplier) }
    coupling.tie(operand: 1, axis: 0, made, as: .follower)
    if coupling.operands.has(2) { coupling.tie(operand: 2, axis: 0, made, as: .follower) }
    coupling.setResult(0, .along(axis: axis, rank: x.rank, made))
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0], let weights = values[1] else { throw GraphError(.missingOperand(0)) }
    let extents = layout.spatialAxes(rank: x.shape.count).map { x.shape[$0] }
    return [
      builder.convolution(
        x, weights: weights, bias: values.count > 2 ? values[2] : nil,
        window: geometry.window(extents),
        groups: x.shape[layout.channelAxis(rank: x.shape.count)], layout: layout)
    ]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    guard layout == .channelsFirst, let x = context.operands.types[0],
      let channels = x.shape[1].value
    else { return nil }
    return ExportedNodes(
      FormatNode(
        "Conv", attributes: convolutionAttributes(geometry, x, layout, groups: channels),
        inputs: operandList(context)))
  }
}

extension DepthwiseConvolution: ImageOperator {}
