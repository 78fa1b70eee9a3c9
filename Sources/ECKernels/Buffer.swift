/// A value of a program under construction: its shape and nothing of where or how it's stored.
public struct Buffer: Sendable, Hashable {
  /// The number that the builder gave it.
  let id: Int
  /// The logical shape, in elements; empty for a scalar.
  public let dims: [Int]

  /// The number of elements.
  public var count: Int { dims.reduce(1, *) }
}

/// How the elements of a tensor follow each other in memory.
public enum MemoryOrder: Sendable, Hashable {
  /// The last logical axis is contiguous.
  case rowMajor
  /// The logical axes from the slowest to the fastest; channels-last images are `[0, 2, 3, 1]`.
  case permuted([Int])

  /// Axis 1 is the fastest: `[n, c, …]` stored as `n … c`.
  public static func channelsLast(rank: Int) -> MemoryOrder {
    rank < 3 ? .rowMajor : .permuted([0] + Array(2..<rank) + [1])
  }

  /// The axes from the slowest to the fastest, or nil where they aren't a permutation of the rank.
  func axes(rank: Int) -> [Int]? {
    switch self {
    case .rowMajor: return Array(0..<rank)
    case .permuted(let axes): return axes.sorted() == Array(0..<rank) ? axes : nil
    }
  }
}
