public import ECGraph
import ECTensor

extension Pad {
  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    guard mode == .constant, value.magnitude <= Pad.largestShift, let x = context.operands.types[0],
      (2...5).contains(x.rank), begin[0] == 0, end[0] == 0
    else { return nil }
    var chain = LayerChain()
    // Keras pads with zeros: what is added is taken off before.
    let shift = Double(value)
    if shift != 0 { chain.rescale([1], [-shift], suffix: "minus") }
    let picture = Array(ImageLayout.channelsLast.spatialAxes(rank: x.rank))
    chain.padOrCrop(picture.map { begin[$0] }, picture.map { end[$0] })
    let channel = x.rank - 1
    if begin[channel] != 0 || end[channel] != 0 {
      guard let extents = x.fixedShapeAfterBatch,
        let channels = context.results[0].shape[channel].value
      else { return nil }
      chain.throughChannels(extents, resultChannels: channels) { chain, axes in
        let others = [Int](repeating: 0, count: axes - 1)
        chain.padOrCrop([begin[channel]] + others, [end[channel]] + others)
      }
    }
    if shift != 0 { chain.rescale([1], [shift]) }
    return chain.exported
  }

  /// The largest value that takes no digits that matter when it is added and taken off again.
  private static let largestShift: Float = 16
}

extension LayerChain {
  /// Adds zeros where counts are positive, and takes cells away where they are negative.
  fileprivate mutating func padOrCrop(_ begin: [Int], _ end: [Int]) {
    zeros(begin.map { max(0, $0) }, end.map { max(0, $0) })
    crop(begin.map { max(0, -$0) }, end.map { max(0, -$0) })
  }
}
