import ECGraph

/// Layers that move elements; axes count from the batch, as in the graph.
extension LayerChain {
  /// Axes after the batch in another order.
  mutating func permute(_ axes: [Int]) {
    if axes == Array(1...axes.count) { return }
    add("Permute", ["dims": .ints(axes)], suffix: "permute")
  }

  /// Other extents after the batch.
  mutating func reshape(_ extents: [Int]) {
    add("Reshape", ["target_shape": .ints(extents)], suffix: "reshape")
  }

  /// Does something to an image whose channels are last for it; they are moved there, and back, where
  /// the operator has them first.
  mutating func channelsLast(
    _ layout: ImageLayout, spatialRank: Int, _ body: (inout LayerChain) -> Bool
  ) -> Bool {
    if layout == .channelsLast { return body(&self) }
    permute(Array(2..<(spatialRank + 2)) + [1])
    guard body(&self) else { return false }
    permute([spatialRank + 1] + Array(1...spatialRank))
    return true
  }

  /// Does something to the channels of an image with 0 to 3 picture axes, which Keras only does to
  /// pictures: they are made the first picture axis for it.
  ///
  /// `body` gets the number of picture axes then, the channels first among them.
  mutating func throughChannels(
    _ extents: [Int], resultChannels: Int, _ body: (inout LayerChain, Int) -> Void
  ) {
    let rank = extents.count
    if rank == 1 {
      reshape([extents[0], 1])
      body(&self, 1)
      reshape([resultChannels])
    } else {
      permute([rank] + Array(1..<rank))
      body(&self, rank - 1)
      permute(Array(2...rank) + [1])
    }
  }
}
