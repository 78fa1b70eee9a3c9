public import ECGraph
import ECTensor

extension Convolution {
  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    guard let kernel = context.constant(1), context.isFixed(2) else { return nil }
    let stored = kernel.permuted(Array(2..<(2 + spatialRank)) + [1, 0])
    return convolutionLayers(
      "Conv\(spatialRank)D", geometry, layout, context,
      ["filters": .int(kernel.shape[0])], groups: ["groups": .int(groups)],
      [FormatWeight("kernel", stored)])
  }
}

extension DepthwiseConvolution {
  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    guard spatialRank < 3, let kernel = context.constant(1), context.isFixed(2),
      let x = context.operands.types[0],
      let channels = x.shape[layout.channelAxis(rank: x.rank)].value
    else { return nil }
    let multiplier = kernel.shape[0] / channels
    let taps = Array(kernel.shape[2...])
    let stored = kernel.reshaped([channels, multiplier] + taps)
      .permuted(Array(2..<(2 + spatialRank)) + [0, 1])
    let name = context.dialect == .keras3 ? "kernel" : "depthwise_kernel"
    return convolutionLayers(
      "DepthwiseConv\(spatialRank)D", geometry, layout, context,
      ["depth_multiplier": .int(multiplier)], [FormatWeight(name, stored)], needsEqualStrides: true)
  }
}

/// A convolution of any kind: zeros before it where needed, the layer, and the sampling behind it.
private func convolutionLayers(
  _ className: String, _ geometry: WindowGeometry, _ layout: ImageLayout, _ context: LayerContext,
  _ counts: FormatObject, groups: FormatObject = [:], _ weights: [FormatWeight],
  needsEqualStrides: Bool = false
) -> ExportedLayers? {
  let extents = context.pictureExtents(layout)
  guard let strides = KerasStrides(geometry, extents, needsEqual: needsEqualStrides) else {
    return nil
  }
  var chain = LayerChain()
  let isSayable = chain.channelsLast(layout, spatialRank: geometry.size.count) { chain in
    guard let padding = strides.geometry.pad(&chain, extents) else { return false }
    var config = counts
    config["kernel_size"] = .ints(geometry.size)
    config["strides"] = .ints(strides.geometry.strides)
    config["padding"] = .string(padding)
    config["data_format"] = .string("channels_last")
    config["dilation_rate"] = .ints(geometry.dilations)
    config.merge(groups) { _, new in new }
    config["activation"] = .string("linear")
    config["use_bias"] = .bool(context.operands.has(2))
    let bias = context.constant(2).map { [FormatWeight("bias", $0)] } ?? []
    chain.add(className, config, weights: weights + bias, suffix: "")
    chain.sample(strides.sampling)
    return true
  }
  return isSayable ? chain.exported : nil
}
