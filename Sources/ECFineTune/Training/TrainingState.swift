/// Everything that a training needs to go on exactly where it stood.
public struct TrainingState: Sendable, Equatable {
  /// The number of steps done.
  public let step: Int
  /// The weights.
  let weights: [Float]
  /// What the optimizer keeps, one list after the other.
  let moments: [[Float]]
  /// The stored means and variances of batch normalizations.
  let statistics: [Float]

  /// The state as bytes: the step and the lengths of all lists as 64 bits, then the lists' numbers,
  /// least byte first.
  public var bytes: [UInt8] {
    let lists = [weights, statistics] + moments
    var result: [UInt8] = []
    result.reserveCapacity(8 * (lists.count + 2) + 4 * lists.reduce(0) { $0 + $1.count })
    func append(_ number: Int) {
      withUnsafeBytes(of: UInt64(number).littleEndian) { result.append(contentsOf: $0) }
    }
    append(step)
    append(lists.count)
    for list in lists { append(list.count) }
    for list in lists { list.withUnsafeBytes { result.append(contentsOf: $0) } }
    return result
  }

  init(step: Int, weights: [Float], moments: [[Float]], statistics: [Float]) {
    (self.step, self.weights) = (step, weights)
    (self.moments, self.statistics) = (moments, statistics)
  }

  /// Reads a state back, or gives nil where the bytes aren't one.
  public init?(bytes: [UInt8]) {
    var place = 0
    func number() -> Int? {
      guard place + 8 <= bytes.count else { return nil }
      defer { place += 8 }
      let value = bytes[place..<place + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return Int(exactly: value)
    }
    guard let step = number(), let count = number(), (2...4).contains(count) else { return nil }
    var lengths: [Int] = []
    for _ in 0..<count {
      guard let length = number(), length <= bytes.count / 4 else { return nil }
      lengths.append(length)
    }
    guard bytes.count - place == 4 * lengths.reduce(0, +) else { return nil }
    let lists = lengths.map { length in
      defer { place += 4 * length }
      return [Float](unsafeUninitializedCapacity: length) { target, initialized in
        bytes[place..<place + 4 * length].withUnsafeBytes {
          UnsafeMutableRawBufferPointer(target).copyMemory(from: $0)
        }
        initialized = length
      }
    }
    self.init(step: step, weights: lists[0], moments: Array(lists[2...]), statistics: lists[1])
  }
}
