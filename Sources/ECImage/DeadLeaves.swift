import ECRandom
import Glibc

/// Shapes of all sizes that hide each other, as things in photographs do.
struct DeadLeaves {
  let size: Int

  /// The number of shapes.
  private static let shapeCount = 600

  /// Red, green and blue, `[size, size, 3]`, around 0.5, not clipped.
  func draw(_ generator: inout SplitMix64) -> [Float] {
    var samples = [Float](repeating: 0, count: size * size * 3)
    let middle = Double(size) / 2
    let ground = Paint(&generator, centre: (middle, middle), size: size)
    samples.withUnsafeMutableBufferPointer { samples in
      for y in 0..<size {
        for x in 0..<size { ground.put(x, y, size, samples) }
      }
      for _ in 0..<DeadLeaves.shapeCount {
        let leaf = Leaf(&generator, size: size)
        let paint = Paint(&generator, centre: leaf.centre, size: size)
        for y in leaf.rows(in: size) {
          for x in leaf.columns(in: size) where leaf.contains(Double(x) + 0.5, Double(y) + 0.5) {
            paint.put(x, y, size, samples)
          }
        }
      }
    }
    return samples
  }
}

/// A colour that changes evenly in one direction.
private struct Paint {
  private let colour: SIMD3<Float>
  private let slope: (x: Float, y: Float)
  private let centre: (x: Float, y: Float)

  init(_ generator: inout SplitMix64, centre: (Double, Double), size: Int) {
    let (a, b) = generator.normalPair()
    let (c, _) = generator.normalPair()
    colour = NaturalColour.colour((a, b, c), contrast: 0.3)
    let strength = generator.uniform(0..<0.3) / Double(size)
    let angle = generator.uniform(0..<(2 * Double.pi))
    slope = (Float(strength * cos(angle)), Float(strength * sin(angle)))
    self.centre = (Float(centre.0), Float(centre.1))
  }

  func put(_ x: Int, _ y: Int, _ size: Int, _ samples: UnsafeMutableBufferPointer<Float>) {
    let shade = slope.x * (Float(x) + 0.5 - centre.x) + slope.y * (Float(y) + 0.5 - centre.y)
    let start = (y * size + x) * 3
    for c in 0..<3 { samples[start + c] = colour[c] + shade }
  }
}

/// An ellipse or a squeezed regular polygon.
private struct Leaf {
  let centre: (x: Double, y: Double)
  private let radius: Double
  private let minor: Double
  private let turn: (cos: Double, sin: Double)
  /// The outward directions of the sides of a polygon; none for an ellipse.
  private let sides: [(x: Double, y: Double)]
  /// The distance of the sides of a polygon of radius 1.
  private let inner: Double

  init(_ generator: inout SplitMix64, size: Int) {
    // Density ∝ r⁻³: the inverse of its distribution is a power of a uniform number.
    let (least, most) = (Double(size) / 48, Double(size) / 2)
    let (high, low) = (1 / (least * least), 1 / (most * most))
    radius = 1 / (high - generator.unit() * (high - low)).squareRoot()
    centre = (generator.uniform(0..<Double(size)), generator.uniform(0..<Double(size)))
    let angle = generator.uniform(0..<(2 * Double.pi))
    turn = (cos(angle), sin(angle))
    minor = radius * generator.uniform(0.4..<1)
    let isEllipse = generator.next() % 7 == 0
    let corners = 3 + Int(generator.next() % 6)
    inner = cos(Double.pi / Double(corners))
    sides =
      isEllipse
      ? []
      : (0..<corners).map { k in
        let direction = 2 * Double.pi * (Double(k) + 0.5) / Double(corners)
        return (cos(direction), sin(direction))
      }
  }

  func rows(in size: Int) -> Range<Int> { span(centre.y, size) }
  func columns(in size: Int) -> Range<Int> { span(centre.x, size) }

  private func span(_ middle: Double, _ size: Int) -> Range<Int> {
    let first = max(0, Int(middle - radius))
    return first..<max(first, min(size, Int(middle + radius) + 1))
  }

  func contains(_ x: Double, _ y: Double) -> Bool {
    let (dx, dy) = (x - centre.x, y - centre.y)
    let u = (dx * turn.cos + dy * turn.sin) / radius
    let v = (dy * turn.cos - dx * turn.sin) / minor
    guard u * u + v * v <= 1 else { return false }
    return sides.allSatisfy { u * $0.x + v * $0.y <= inner }
  }
}
