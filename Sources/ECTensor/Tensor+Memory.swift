extension Tensor {
  /// If the elements lie one behind the other when the axes are put in another order: that order,
  /// and the tensor seen so. Axis k of the second is axis `order[k]` of this one.
  public var contiguousOrder: (order: [Int], plain: Tensor)? {
    if isContiguous { return (Array(axes.indices), self) }
    guard axes.allSatisfy({ $0.positions == nil }) else { return nil }
    let order = axes.indices.sorted { a, b in
      (axes[a].stride, axes[a].count) == (axes[b].stride, axes[b].count)
        ? a < b : (axes[a].stride, axes[a].count) > (axes[b].stride, axes[b].count)
    }
    let plain = permuted(order)
    return plain.isContiguous ? (order, plain) : nil
  }

  /// Whether the first element lies at an address that float32 numbers may have.
  public var isAligned: Bool {
    Int(bitPattern: storage.base + byteOffset) % elementType.byteCount == 0
  }

  /// What keeps the bytes alive while something else points to them.
  public var keepAlive: AnyObject { storage }

  /// Lets the system take back the memory that holds a mapped file; it's read again when needed.
  public func releasePages() { storage.releasePages() }
}
