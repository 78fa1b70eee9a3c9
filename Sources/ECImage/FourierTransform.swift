import Glibc

/// A complex number.
struct Complex {
  var re: Double
  var im: Double
}

/// The discrete Fourier transform of square planes of any size, by prime factors of the size.
struct FourierTransform {
  private let size: Int
  /// `exp(-2πi k / size)`.
  private let roots: [Complex]
  private let factors: [Int]

  init(_ size: Int) {
    self.size = size
    roots = (0..<size).map { k in
      let angle = -2 * Double.pi * Double(k) / Double(size)
      return Complex(re: cos(angle), im: sin(angle))
    }
    var factors: [Int] = []
    var rest = size
    var prime = 2
    while rest > 1 {
      while rest % prime == 0 {
        factors.append(prime)
        rest /= prime
      }
      prime += 1
    }
    self.factors = factors
  }

  /// Transforms rows, then columns; nothing is scaled.
  func run(_ plane: inout [Complex]) {
    let zero = Complex(re: 0, im: 0)
    var line = [Complex](repeating: zero, count: size)
    var result = line
    plane.withUnsafeMutableBufferPointer { plane in
      for (step, between) in [(1, size), (size, 1)] {
        for k in 0..<size {
          for j in 0..<size { line[j] = plane[k * between + j * step] }
          line.withUnsafeBufferPointer { line in
            result.withUnsafeMutableBufferPointer { result in
              transform(line, 0, 1, result, 0, size, level: 0)
            }
          }
          for j in 0..<size { plane[k * between + j * step] = result[j] }
        }
      }
    }
  }

  /// Transforms `count` numbers, `stride` apart, into consecutive ones.
  private func transform(
    _ source: UnsafeBufferPointer<Complex>, _ first: Int, _ stride: Int,
    _ target: UnsafeMutableBufferPointer<Complex>, _ place: Int, _ count: Int, level: Int
  ) {
    if count == 1 {
      target[place] = source[first]
      return
    }
    let prime = factors[level]
    let part = count / prime
    for p in 0..<prime {
      transform(
        source, first + p * stride, stride * prime, target, place + p * part, part,
        level: level + 1)
    }
    var sums = [Complex](repeating: Complex(re: 0, im: 0), count: prime)
    let turn = size / count
    for k in 0..<part {
      for q in 0..<prime {
        var sum = Complex(re: 0, im: 0)
        let step = (k + q * part) * turn
        var angle = 0
        for p in 0..<prime {
          let root = roots[angle]
          angle += step
          if angle >= size { angle -= size }
          let term = target[place + p * part + k]
          sum.re += term.re * root.re - term.im * root.im
          sum.im += term.re * root.im + term.im * root.re
        }
        sums[q] = sum
      }
      for q in 0..<prime { target[place + q * part + k] = sums[q] }
    }
  }
}
