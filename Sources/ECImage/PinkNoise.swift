import ECRandom

/// Noise whose amplitude falls as 1/f, as that of photographs does.
struct PinkNoise {
  let size: Int

  /// Red, green and blue, `[size, size, 3]`, around 0.5, not clipped.
  func draw(_ generator: inout SplitMix64) -> [Float] {
    // A complex plane holds two independent real ones.
    let first = filtered(&generator)
    let second = filtered(&generator)
    let planes = [first.map(\.re), first.map(\.im), second.map(\.re)].map(PinkNoise.unit)
    var samples: [Float] = []
    samples.reserveCapacity(size * size * 3)
    for k in 0..<size * size {
      let colour = NaturalColour.colour((planes[0][k], planes[1][k], planes[2][k]), contrast: 0.25)
      for c in 0..<3 { samples.append(colour[c]) }
    }
    return samples
  }

  /// A plane from its spectrum: complex white noise, which is white in space as well, over f.
  private func filtered(_ generator: inout SplitMix64) -> [Complex] {
    var plane = (0..<size * size).map { _ in
      let (re, im) = generator.normalPair()
      return Complex(re: re, im: im)
    }
    for y in 0..<size {
      for x in 0..<size {
        let (fy, fx) = (Double(min(y, size - y)), Double(min(x, size - x)))
        // In cycles per image; the mean counts as one cycle.
        let frequency = max(1, (fx * fx + fy * fy).squareRoot())
        plane[y * size + x].re /= frequency
        plane[y * size + x].im /= frequency
      }
    }
    FourierTransform(size).run(&plane)
    return plane
  }

  /// A plane scaled to deviation 1.
  private static func unit(_ plane: [Double]) -> [Double] {
    let count = Double(plane.count)
    let mean = plane.reduce(0, +) / count
    let variance = plane.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    let factor = 1 / max(variance.squareRoot(), 1e-30)
    return plane.map { $0 * factor }
  }
}
