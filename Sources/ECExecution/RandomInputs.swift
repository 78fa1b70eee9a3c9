import ECRandom
public import ECTensor

/// Inputs drawn from a seed, the same everywhere.
public struct RandomInputs: Sendable {
  private var generator: SplitMix64

  /// Starts at a seed.
  public init(seed: UInt64) {
    generator = SplitMix64(seed: seed)
  }

  /// A tensor of numbers uniform in a range.
  public mutating func tensor(shape: [Int], in range: ClosedRange<Float>) -> Tensor {
    let scale = (range.upperBound - range.lowerBound) / Float(1 << 24)
    return Tensor(shape: shape) { numbers in
      for k in numbers.indices {
        numbers[k] = range.lowerBound + Float(generator.next() >> 40) * scale
      }
    }
  }
}
