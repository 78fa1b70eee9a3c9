import ECRandom

/// Pictures drawn from a seed that have statistics of photographs, for want of photographs.
///
/// Odd ones are pink noise, even ones dead leaves; both in the colours that natural images have.
/// Every picture has a seed of its own, so that they can be drawn in any order.
public struct SyntheticImages: Sendable {
  /// The number of columns and rows.
  public let size: Int
  /// What all pictures are drawn from.
  public let seed: UInt64

  /// Describes pictures of `size` × `size`.
  public init(size: Int, seed: UInt64) {
    (self.size, self.seed) = (size, seed)
  }

  /// Pictures 0 to `count - 1`, in red, green and blue of 0 to 255, or in luminance.
  public func images(count: Int, channels: Int, threads: Int) -> [FloatImage] {
    parallelMap(count, threads: threads) { image($0, channels: channels) }
  }

  /// One picture.
  public func image(_ index: Int, channels: Int) -> FloatImage {
    var generator = SplitMix64(seed: seed &+ UInt64(index) &* 0xD1B5_4A32_D192_ED03)
    let samples =
      index % 2 == 1
      ? PinkNoise(size: size).draw(&generator) : DeadLeaves(size: size).draw(&generator)
    let bytes = samples.map { min(max($0, 0), 1) * 255 }
    if channels == 3 {
      return FloatImage(width: size, height: size, channels: 3, samples: bytes)
    }
    let grey = stride(from: 0, to: bytes.count, by: 3).map { (k: Int) -> Float in
      let colour = SIMD3(bytes[k], bytes[k + 1], bytes[k + 2])
      return (colour * SIMD3<Float>(0.299, 0.587, 0.114)).sum()
    }
    return FloatImage(width: size, height: size, channels: 1, samples: grey)
  }
}

/// How red, green and blue of natural images hang together.
enum NaturalColour {
  /// The mean of red, green and blue.
  static let mean: [Double] = [0.485, 0.456, 0.406]

  /// Turns three independent normal numbers into a colour of deviation 1: principal axes of the
  /// colours of ImageNet times the deviations along them, rows scaled to length 1.
  static let mix: [[Double]] = {
    let axes = [
      [-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203],
    ]
    let variances = [0.2175, 0.0188, 0.0045]
    return axes.map { row in
      let scaled = zip(row, variances).map { $0 * $1.squareRoot() }
      let length = scaled.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return scaled.map { $0 / length }
    }
  }()

  /// The colour `mean + contrast · mix · z`.
  static func colour(_ z: (Double, Double, Double), contrast: Double) -> SIMD3<Float> {
    var colour = SIMD3<Float>()
    for c in 0..<3 {
      let sum = mix[c][0] * z.0 + mix[c][1] * z.1 + mix[c][2] * z.2
      colour[c] = Float(mean[c] + contrast * sum)
    }
    return colour
  }
}
