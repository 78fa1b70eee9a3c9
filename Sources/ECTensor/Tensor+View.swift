extension Tensor {
  /// The same elements with the axes in another order: axis k of the result is axis `order[k]`.
  public func permuted(_ order: [Int]) -> Tensor {
    precondition(order.sorted() == Array(0..<axes.count), "not a permutation of the axes")
    return with(axes: order.map { axes[$0] }, quantization?.permuted(order))
  }

  /// The positions `positions` of one axis, in that order; a position may repeat.
  public func gathered(axis: Int, _ positions: [Int]) -> Tensor {
    var axes = axes
    let old = axes[axis]
    precondition(positions.allSatisfy { $0 >= 0 && $0 < old.count }, "position outside the axis")
    axes[axis].count = positions.count
    axes[axis].positions = old.positions.map { old in positions.map { old[$0] } } ?? positions
    return with(axes: axes, quantization?.gathered(axis: axis, positions))
  }

  /// A range of positions of one axis.
  public func sliced(axis: Int, _ range: Range<Int>) -> Tensor {
    if axes[axis].positions != nil { return gathered(axis: axis, Array(range)) }
    var axes = axes
    precondition(range.lowerBound >= 0 && range.upperBound <= axes[axis].count)
    axes[axis].count = range.count
    return Tensor(
      elementType: elementType, storage: storage,
      byteOffset: byteOffset + range.lowerBound * axes[axis].stride * elementType.byteCount,
      axes: axes, quantization: quantization?.gathered(axis: axis, Array(range)))
  }

  /// The same elements in row-major order with other extents; copies only where a view can't say it.
  public func reshaped(_ shape: [Int]) -> Tensor {
    precondition(shape.reduce(1, *) == count, "reshape from \(self.shape) to \(shape)")
    if shape == self.shape { return self }
    let form = quantization.flatMap { $0.axis == nil ? $0 : nil }
    if isContiguous { return with(axes: Tensor.rowMajor(shape), form) }
    if let axes = splitting(to: shape) { return with(axes: axes, form) }
    return materialized().reshaped(shape)
  }

  /// A copy in memory of its own, in row-major order; itself where it is that already.
  public func materialized() -> Tensor {
    if isContiguous && ownsMemory { return self }
    let storage = TensorStorage(byteCount: byteCount) { copyElements(into: $0) }
    return Tensor(
      elementType: elementType, storage: storage, byteOffset: 0, axes: Tensor.rowMajor(shape),
      quantization: quantization)
  }

  private func with(axes: [Axis], _ quantization: Quantization?) -> Tensor {
    Tensor(
      elementType: elementType, storage: storage, byteOffset: byteOffset, axes: axes,
      quantization: quantization)
  }

  /// The axes of `shape` if it only inserts, drops or splits axes, so that strides can say it.
  private func splitting(to shape: [Int]) -> [Axis]? {
    var result: [Axis] = []
    var next = 0
    for axis in axes where axis.count != 1 || axis.positions != nil {
      var remaining = axis.count
      var parts: [Int] = []
      while remaining > 1 || (next < shape.count && shape[next] == 1) {
        guard next < shape.count, shape[next] > 0, remaining % shape[next] == 0 else { return nil }
        parts.append(shape[next])
        remaining /= shape[next]
        next += 1
        if remaining == 1 { break }
      }
      if axis.positions != nil {
        guard parts.filter({ $0 != 1 }).count <= 1 else { return nil }
        for part in parts { result.append(part == 1 ? Axis(count: 1, stride: 0) : axis) }
        if axis.count == 1 { return nil }
        continue
      }
      var stride = axis.stride * axis.count
      for part in parts {
        stride /= part
        result.append(Axis(count: part, stride: stride))
      }
    }
    while next < shape.count {
      guard shape[next] == 1 else { return nil }
      result.append(Axis(count: 1, stride: 0))
      next += 1
    }
    return result.count == shape.count ? result : nil
  }
}
