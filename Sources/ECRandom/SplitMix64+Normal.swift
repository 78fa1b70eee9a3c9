import Glibc

extension SplitMix64 {
  /// Two independent numbers of the standard normal distribution (Box-Muller).
  public mutating func normalPair() -> (Double, Double) {
    // 1 - u is never 0, so that the logarithm is finite.
    let radius = (-2 * log(1 - unit())).squareRoot()
    let angle = 2 * Double.pi * unit()
    return (radius * cos(angle), radius * sin(angle))
  }
}
