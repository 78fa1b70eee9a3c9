import Glibc

/// Numbers for a list of tensors, one behind the other, each on a cache line's boundary.
final class WeightMemory {
  /// Where each tensor stands.
  let ranges: [Range<Int>]
  let buffer: UnsafeMutableBufferPointer<Float>

  /// Makes room, filled with zeros.
  init(counts: [Int]) {
    var (ranges, end): ([Range<Int>], Int) = ([], 0)
    for count in counts {
      ranges.append(end..<end + count)
      end += (count + 15) / 16 * 16
    }
    self.ranges = ranges
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: max(end, 16) * 4, alignment: 64)
    buffer = bytes.bindMemory(to: Float.self)
    buffer.initialize(repeating: 0)
  }

  deinit { buffer.deallocate() }

  /// One tensor's numbers.
  subscript(index: Int) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(rebasing: buffer[ranges[index]])
  }

  /// All tensors' numbers, to be read.
  var pieces: [UnsafeBufferPointer<Float>] { ranges.indices.map { UnsafeBufferPointer(self[$0]) } }

  /// All tensors' numbers, to be written.
  var mutablePieces: [UnsafeMutableBufferPointer<Float>] { ranges.indices.map { self[$0] } }

  /// A copy of all numbers, gaps included.
  var numbers: [Float] {
    get { Array(buffer) }
    set { _ = buffer.update(fromContentsOf: newValue) }
  }

  /// Whether every number is one.
  var isFinite: Bool {
    // 0 times a number is 0, and times anything else no number.
    buffer.reduce(0) { $0 + $1 * 0 } == 0
  }
}
