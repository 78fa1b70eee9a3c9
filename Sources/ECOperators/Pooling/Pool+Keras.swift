public import ECGraph
import ECTensor

extension Pool {
  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    guard geometry.dilations.allSatisfy({ $0 == 1 }) else { return nil }
    let extents = context.pictureExtents(layout)
    var chain = LayerChain()
    let isSayable = chain.channelsLast(layout, spatialRank: spatialRank) { chain in
      plain(&chain, extents, context.nonNegative[0]) || sampled(&chain, extents)
    }
    return isSayable ? chain.exported : nil
  }

  private var className: String {
    "\(kind == .maximum ? "Max" : "Average")Pooling\(spatialRank)D"
  }

  private func add(_ chain: inout LayerChain, strides: [Int], _ padding: String) {
    chain.add(
      className,
      [
        "pool_size": .ints(geometry.size), "strides": .ints(strides),
        "padding": .string(padding), "data_format": .string("channels_last"),
      ], suffix: "")
  }

  /// The padding with what the last windows need beyond it where their number is rounded up; `nil` if
  /// that can't be told.
  private func covering(_ extents: [Int?]) -> (pads: (begin: [Int], end: [Int]), isBeyond: Bool)? {
    guard let pads = geometry.pads(extents), (pads.begin + pads.end).allSatisfy({ $0 >= 0 }) else {
      return nil
    }
    if !geometry.ceil { return (pads, false) }
    guard let size = try? geometry.outputSize(extents) else { return nil }
    var end = pads.end
    for k in extents.indices {
      guard let extent = extents[k], let count = size[k] else { return nil }
      let reach = (count - 1) * geometry.strides[k] + geometry.size[k]
      end[k] = max(end[k], reach - extent - pads.begin[k])
    }
    return ((pads.begin, end), end != pads.end)
  }

  /// One pooling, after zeros where these don't change what is pooled.
  private func plain(_ chain: inout LayerChain, _ extents: [Int?], _ isNonNegative: Bool) -> Bool {
    if !geometry.ceil, [.valid, .sameUpper].contains(geometry.padding),
      geometry.padding == .valid || kind != .averageIncludingPadding
    {
      add(&chain, strides: geometry.strides, geometry.padding == .valid ? "valid" : "same")
      return true
    }
    guard let (pads, isBeyond) = covering(extents) else { return false }
    var window = geometry
    window.padding = .explicit(begin: pads.begin, end: pads.end)
    // A mean that counts zeros doesn't count what lies beyond them.
    if kind == .averageIncludingPadding && isBeyond { return false }
    if case .own(let name) = window.kerasPadding(extents),
      name == "valid" || kind != .averageIncludingPadding
    {
      add(&chain, strides: geometry.strides, name)
      return true
    }
    // Zeros count in this mean, and are no larger than what a maximum is taken of.
    guard kind == .averageIncludingPadding || (kind == .maximum && isNonNegative) else {
      return false
    }
    chain.zeros(pads.begin, pads.end)
    add(&chain, strides: geometry.strides, "valid")
    return true
  }

  /// A pooling at every cell, whose own padding leaves out what lies outside, and every so manieth
  /// cell of it.
  private func sampled(_ chain: inout LayerChain, _ extents: [Int?]) -> Bool {
    var dense = geometry
    dense.strides = geometry.strides.map { _ in 1 }
    dense.padding = .sameUpper
    guard kind != .averageIncludingPadding, let pads = geometry.pads(extents),
      let same = dense.pads(extents), let size = try? geometry.outputSize(extents)
    else { return false }
    var end: [Int] = []
    for k in extents.indices {
      guard let extent = extents[k], let count = size[k] else { return false }
      // The cell where the last window starts, and how many cells follow it.
      let last = same.begin[k] - pads.begin[k] + (count - 1) * geometry.strides[k]
      end.append(extent - 1 - last)
    }
    let begin = zip(same.begin, pads.begin).map { $0 - $1 }
    guard (begin + end).allSatisfy({ $0 >= 0 }) else { return false }
    add(&chain, strides: dense.strides, "same")
    chain.crop(begin, end)
    chain.sample(geometry.strides)
    return true
  }
}
