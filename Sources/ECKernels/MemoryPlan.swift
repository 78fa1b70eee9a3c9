/// Offsets of short-lived buffers in one block, so that those never needed at once share memory.
struct MemoryPlan {
  /// By buffer, in bytes; nil for a buffer that is never used.
  private(set) var offsets: [Int?]
  /// The size of the block.
  private(set) var byteCount = 0

  /// A buffer's size and the steps from the first to the last that touches it.
  struct Request {
    var byteCount: Int
    var life: ClosedRange<Int>?
  }

  /// Places large buffers first, each at the lowest offset free throughout its life.
  init(_ requests: [Request]) {
    offsets = [Int?](repeating: nil, count: requests.count)
    var placed: [(range: Range<Int>, life: ClosedRange<Int>)] = []
    let order = requests.indices.sorted {
      (requests[$1].byteCount, $0) < (requests[$0].byteCount, $1)
    }
    for index in order {
      guard let life = requests[index].life else { continue }
      let size = (max(requests[index].byteCount, 1) + 63) / 64 * 64
      let taken = placed.filter { $0.life.overlaps(life) }.map(\.range)
        .sorted { $0.lowerBound < $1.lowerBound }
      var offset = 0
      for range in taken {
        if offset + size <= range.lowerBound { break }
        offset = max(offset, range.upperBound)
      }
      offsets[index] = offset
      placed.append((offset..<offset + size, life))
      byteCount = max(byteCount, offset + size)
    }
  }
}
