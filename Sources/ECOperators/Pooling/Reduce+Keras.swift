public import ECGraph
import ECTensor

extension Reduce {
  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    guard let x = context.operands.types[0], !reducedAxes.contains(0) else { return nil }
    var chain = LayerChain()
    let pooling: String
    switch kind {
    case .mean, .sum: pooling = "GlobalAveragePooling"
    case .maximum: pooling = "GlobalMaxPooling"
    case .minimum:
      pooling = "GlobalMaxPooling"
      chain.rescale([-1], suffix: "negative")
    case .product, .l1, .l2: return nil
    }
    let isPicture = reducedAxes == Array(ImageLayout.channelsLast.spatialAxes(rank: x.rank))
    if isPicture, (3...5).contains(x.rank) {
      chain.add("\(pooling)\(x.rank - 2)D", globalPoolConfig(keepDims: keepDims), suffix: "")
    } else if !pool(pooling, &chain, x, context.results[0]) {
      return nil
    }
    if kind == .minimum { chain.rescale([-1]) }
    if kind == .sum {
      let extents = reducedAxes.compactMap { x.shape[$0].value }
      guard extents.count == reducedAxes.count else { return nil }
      chain.rescale([Double(extents.reduce(1, *))])
    }
    return chain.exported
  }

  /// Reduces any axes: they are put first, and become the one axis of a series.
  private func pool(
    _ pooling: String, _ chain: inout LayerChain, _ x: ValueType, _ result: ValueType
  ) -> Bool {
    guard let extents = x.fixedShapeAfterBatch, let target = result.fixedShapeAfterBatch,
      !reducedAxes.isEmpty, !target.isEmpty
    else { return false }
    let kept = (1..<x.rank).filter { !reducedAxes.contains($0) }
    func count(_ axes: [Int]) -> Int { axes.reduce(1) { $0 * extents[$1 - 1] } }
    chain.permute(reducedAxes + kept)
    chain.reshape([count(reducedAxes), count(kept)])
    chain.add("\(pooling)1D", globalPoolConfig(keepDims: false), suffix: "pool")
    chain.reshape(target)
    return true
  }
}

/// The configuration of a global pooling of Keras.
func globalPoolConfig(keepDims: Bool) -> FormatObject {
  ["data_format": .string("channels_last"), "keepdims": .bool(keepDims)]
}
