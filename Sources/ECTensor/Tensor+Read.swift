extension Tensor {
  /// Writes the elements in row-major order.
  /// - Precondition: `target` has exactly `byteCount` bytes.
  public func copyElements(into target: UnsafeMutableRawBufferPointer) {
    precondition(target.count == byteCount)
    guard let start = target.baseAddress, count > 0 else { return }
    if isContiguous {
      start.copyMemory(from: storage.base + byteOffset, byteCount: byteCount)
      return
    }
    switch elementType.byteCount {
    case 1: copyElements(as: UInt8.self, into: start)
    case 2: copyElements(as: UInt16.self, into: start)
    case 4: copyElements(as: UInt32.self, into: start)
    default: copyElements(as: UInt64.self, into: start)
    }
  }

  /// Hands the elements out in row-major order, in pieces of about `pieceByteCount` bytes.
  ///
  /// Only one piece is in memory at a time; a contiguous tensor is handed out in one piece, uncopied.
  public func forEachPiece<E: Error>(
    pieceByteCount: Int = 1 << 20, _ body: (UnsafeRawBufferPointer) throws(E) -> Void
  ) throws(E) {
    if count == 0 { return }
    if isContiguous {
      try body(UnsafeRawBufferPointer(start: storage.base + byteOffset, count: byteCount))
      return
    }
    guard let leading = axes.firstIndex(where: { $0.count > 1 }) else {
      return try copiedPiece(body)
    }
    let rowByteCount = byteCount / axes[leading].count
    let rows = max(1, pieceByteCount / max(rowByteCount, 1))
    var first = 0
    while first < axes[leading].count {
      let last = min(first + rows, axes[leading].count)
      try sliced(axis: leading, first..<last).copiedPiece(body)
      first = last
    }
  }

  private func copiedPiece<E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> Void
  ) throws(E) {
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
    defer { scratch.deallocate() }
    copyElements(into: scratch)
    try body(UnsafeRawBufferPointer(scratch))
  }

  /// The copy itself: rows of the innermost axis, or tiles of 16 along the axis that memory runs
  /// along, so that whole cache lines are read and written.
  private func copyElements<Element: BitwiseCopyable>(
    as type: Element.Type, into target: UnsafeMutableRawPointer
  ) {
    let source = storage.base + byteOffset
    let width = MemoryLayout<Element>.stride
    let outStrides = Tensor.rowMajor(shape).map(\.stride)
    let tables = axes.map(\.offsets)
    let inner = axes.count - 1
    // The axis along which the source runs; the last one if it does, else the best candidate.
    let fast =
      axes.indices.filter { axes[$0].count > 1 }
      .min { abs(axes[$0].stride) < abs(axes[$1].stride) } ?? inner
    if fast == inner {
      let row = tables[inner]
      let runs = Tensor.runs(of: row)
      forEachOffset(tables: Array(tables[..<inner]), strides: Array(outStrides[..<inner])) {
        (from, to) in
        if runs.count * 4 <= row.count {
          for run in runs {
            (target + (to + run.at) * width).copyMemory(
              from: source + (from + run.from) * width, byteCount: run.count * width)
          }
        } else {
          row.withUnsafeBufferPointer { row in
            for k in 0..<row.count {
              let value = (source + (from + row[k]) * width).loadUnaligned(as: Element.self)
              (target + (to + k) * width).storeBytes(of: value, as: Element.self)
            }
          }
        }
      }
      return
    }
    let along = tables[fast]
    let outStride = outStrides[fast]
    var others = tables
    others.remove(at: fast)
    var otherStrides = outStrides
    otherStrides.remove(at: fast)
    along.withUnsafeBufferPointer { along in
      var tile = 0
      while tile < along.count {
        let end = min(tile + 16, along.count)
        forEachOffset(tables: others, strides: otherStrides) { (from, to) in
          for k in tile..<end {
            let value = (source + (from + along[k]) * width).loadUnaligned(as: Element.self)
            (target + (to + k * outStride) * width).storeBytes(of: value, as: Element.self)
          }
        }
        tile = end
      }
    }
  }

  /// Stretches of offsets that grow by one: where they start in the row, from where, how many.
  private static func runs(of row: [Int]) -> [(at: Int, from: Int, count: Int)] {
    var runs: [(at: Int, from: Int, count: Int)] = []
    for (k, offset) in row.enumerated() {
      if let last = runs.last, last.from + last.count == offset {
        runs[runs.count - 1].count += 1
      } else {
        runs.append((k, offset, 1))
      }
    }
    return runs
  }

  /// Visits all index tuples in row-major order with their source and target element offsets.
  @inline(__always)
  private func forEachOffset(tables: [[Int]], strides: [Int], _ body: (Int, Int) -> Void) {
    guard let last = tables.indices.last else { return body(0, 0) }
    var index = [Int](repeating: 0, count: tables.count)
    let inner = tables[last]
    let innerStride = strides[last]
    while true {
      var from = 0
      var to = 0
      for k in 0..<last {
        from += tables[k][index[k]]
        to += index[k] * strides[k]
      }
      inner.withUnsafeBufferPointer { inner in
        for k in 0..<inner.count { body(from + inner[k], to + k * innerStride) }
      }
      var axis = last - 1
      while axis >= 0 {
        index[axis] += 1
        if index[axis] < tables[axis].count { break }
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }
}
