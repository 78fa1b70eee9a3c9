public import ECTensor

/// Inputs drawn from a seed, the same everywhere (SplitMix64).
public struct RandomInputs: Sendable {
  private var state: UInt64

  /// Starts at a seed.
  public init(seed: UInt64) {
    state = seed
  }

  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A tensor of numbers uniform in a range.
  public mutating func tensor(shape: [Int], in range: ClosedRange<Float>) -> Tensor {
    let scale = (range.upperBound - range.lowerBound) / Float(1 << 24)
    return Tensor(shape: shape) { numbers in
      for k in numbers.indices {
        numbers[k] = range.lowerBound + Float(next() >> 40) * scale
      }
    }
  }
}
