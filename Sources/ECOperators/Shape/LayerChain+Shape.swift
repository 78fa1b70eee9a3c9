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

  /// The positions in a range of an axis; false where that can't be said.
  mutating func take(_ range: Range<Int>, axis: Int, of x: ValueType) -> Bool {
    guard let extent = x.shape[axis].value, (2...5).contains(x.rank) else { return false }
    let (before, behind) = (range.lowerBound, extent - range.upperBound)
    if axis == x.rank - 1 {
      guard let extents = x.fixedShapeAfterBatch else { return false }
      if (before, behind) == (0, 0) { return true }
      throughChannels(extents, resultChannels: range.count) { chain, axes in
        let others = [Int](repeating: 0, count: axes - 1)
        chain.crop([before] + others, [behind] + others)
      }
    } else {
      func only(_ count: Int) -> [Int] { (1..<(x.rank - 1)).map { $0 == axis ? count : 0 } }
      crop(only(before), only(behind))
    }
    return true
  }

  /// The result so far several times behind itself along an axis; false for the batch, and where that
  /// would be unreasonably often.
  mutating func repeatWhole(_ count: Int, axis: Int) -> Bool {
    guard axis > 0, count <= 64 else { return false }
    add(
      "Concatenate", ["axis": .int(axis)], on: [LayerOperand](repeating: result, count: count),
      suffix: "repeat")
    return true
  }
}
