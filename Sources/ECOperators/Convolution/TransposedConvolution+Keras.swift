public import ECGraph
import ECTensor

extension TransposedConvolution {
  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    guard spatialRank == 2, groups == 1, let kernel = context.constant(1),
      context.isFixed(2), let pads = geometry.pads(context.pictureExtents(layout))
    else { return nil }
    let isDilated = geometry.dilations.contains { $0 != 1 }
    if isDilated && geometry.strides.contains(where: { $0 != 1 }) { return nil }
    var config: FormatObject = [
      "filters": .int(kernel.shape[1]), "kernel_size": .ints(geometry.size),
      "strides": .ints(geometry.strides), "padding": .string("same"), "output_padding": .null,
      "data_format": .string("channels_last"), "dilation_rate": .ints(geometry.dilations),
      "activation": .string("linear"), "use_bias": .bool(context.operands.has(2)),
    ]
    // Where Keras' `same` isn't meant: the whole result, and then less of it.
    var crop = (begin: pads.begin.map { _ in 0 }, end: pads.end.map { _ in 0 })
    if isDilated || !isSame(pads) {
      config["padding"] = .string("valid")
      let missing = zip(outputPadding, pads.end).map { max(0, $0 - $1) }
      // Keras takes more cells only where they are fewer than a step.
      guard zip(missing, geometry.strides).allSatisfy({ $0 < $1 }) else { return nil }
      config["output_padding"] = .ints(missing)
      crop = (pads.begin, zip(pads.end, outputPadding).map { max(0, $0 - $1) })
    }
    let bias = context.constant(2).map { [FormatWeight("bias", $0)] } ?? []
    var chain = LayerChain()
    _ = chain.channelsLast(layout, spatialRank: 2) { chain in
      chain.add(
        "Conv2DTranspose", config,
        weights: [FormatWeight("kernel", kernel.permuted([2, 3, 1, 0]))] + bias, suffix: "")
      chain.crop(crop.begin, crop.end)
      return true
    }
    return chain.exported
  }

  /// Whether the result is as large as the picture times the strides, cut as Keras' `same` does it.
  private func isSame(_ pads: (begin: [Int], end: [Int])) -> Bool {
    geometry.size.indices.allSatisfy { k in
      let total = geometry.size[k] - geometry.strides[k]
      return total >= 0 && outputPadding[k] == 0 && pads.begin[k] == total / 2
        && pads.end[k] == total - total / 2
    }
  }
}
