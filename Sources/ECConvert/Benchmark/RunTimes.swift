/// What the measured runs of one model in one engine took, in seconds, in the order of the rounds.
struct RunTimes: Sendable {
  /// By the clock.
  var wall: [Double] = []
  /// Of all threads of the process together.
  var cpu: [Double] = []

  mutating func append(_ run: (wall: Double, cpu: Double)) {
    wall.append(run.wall)
    cpu.append(run.cpu)
  }

  /// The middle of what runs took as a multiple of another's runs in the same rounds, so that what
  /// slows both down cancels.
  func ratio(to other: RunTimes, _ kind: KeyPath<RunTimes, [Double]>) -> Double {
    let pairs = zip(self[keyPath: kind], other[keyPath: kind]).filter { $0.1 > 0 }
    return pairs.map { $0.0 / $0.1 }.quantile(0.5)
  }
}

extension [Double] {
  /// The value below which a share of the elements lies, interpolated; 0 for no elements.
  func quantile(_ share: Double) -> Double {
    let sorted = sorted()
    guard let last = sorted.indices.last else { return 0 }
    let place = share * Double(last)
    let below = Int(place)
    let above = Swift.min(below + 1, last)
    return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
  }
}
