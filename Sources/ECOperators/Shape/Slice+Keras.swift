public import ECGraph
import ECTensor

extension Slice {
  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    guard let x = context.operands.types[0], (2...5).contains(x.rank) else { return nil }
    var chain = LayerChain()
    let picture = Array(ImageLayout.channelsLast.spatialAxes(rank: x.rank))
    var begin = picture.map { _ in 0 }
    var end = begin
    var steps = picture.map { _ in 1 }
    var channels: (begin: Int, end: Int, step: Int)?
    for range in ranges {
      guard let cut = range.crop(of: x.shape[range.axis].value) else { return nil }
      if let k = picture.firstIndex(of: range.axis) {
        (begin[k], end[k], steps[k]) = cut
      } else if range.axis == x.rank - 1 {
        channels = cut
      } else {
        return nil
      }
    }
    chain.crop(begin, end)
    chain.sample(steps)
    if let channels, channels != (0, 0, 1) {
      guard let extents = x.fixedShapeAfterBatch, let made = context.results[0].shape.last?.value
      else { return nil }
      chain.throughChannels(extents, resultChannels: made) { chain, axes in
        let others = [Int](repeating: 0, count: axes - 1)
        chain.crop([channels.begin] + others, [channels.end] + others)
        chain.sample([channels.step] + others.map { _ in 1 })
      }
    }
    return chain.exported
  }
}

extension Slice.Range {
  /// How many positions are left out before and behind, and the step between those taken; `nil` where
  /// that can't be told, or the order is turned round.
  fileprivate func crop(of extent: Int?) -> (begin: Int, end: Int, step: Int)? {
    guard step > 0 else { return nil }
    if let extent {
      let positions = Slice.positions(self, of: extent)
      guard let first = positions.first, let last = positions.last else { return nil }
      return (first, extent - 1 - last, step)
    }
    guard start >= 0, stop.map({ $0 < 0 }) ?? true, step == 1 || stop == nil else { return nil }
    return (start, -(stop ?? 0), step)
  }
}
