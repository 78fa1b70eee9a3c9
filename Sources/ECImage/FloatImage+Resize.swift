import Glibc

extension FloatImage {
  /// This image at another size, as `tf.image.resize` makes it without antialiasing.
  public func resized(
    width: Int, height: Int, _ interpolation: Interpolation = .bilinear
  ) -> FloatImage {
    if width == self.width && height == self.height { return self }
    let columns = interpolation.taps(from: self.width, to: width)
    let rows = interpolation.taps(from: self.height, to: height)
    // Columns first: `[self.height, width, channels]`.
    var wide = [Float](repeating: 0, count: self.height * width * channels)
    samples.withUnsafeBufferPointer { source in
      wide.withUnsafeMutableBufferPointer { target in
        for y in 0..<self.height {
          let line = y * self.width * channels
          for x in 0..<width {
            for c in 0..<channels {
              var sum: Float = 0
              for tap in columns[x] { sum += tap.weight * source[line + tap.place * channels + c] }
              target[(y * width + x) * channels + c] = sum
            }
          }
        }
      }
    }
    let length = width * channels
    var result = [Float](repeating: 0, count: height * length)
    wide.withUnsafeBufferPointer { source in
      result.withUnsafeMutableBufferPointer { target in
        for y in 0..<height {
          for tap in rows[y] {
            let start = tap.place * length
            for k in 0..<length { target[y * length + k] += tap.weight * source[start + k] }
          }
        }
      }
    }
    return FloatImage(width: width, height: height, channels: channels, samples: result)
  }
}

/// One of the samples that a new sample is made of.
struct ResizeTap {
  let place: Int
  let weight: Float
}

extension Interpolation {
  /// The old samples that each new one is made of, along one axis.
  ///
  /// Centres of pixels lie at halves. Source: TensorFlow's `ResizeBilinear`, `ResizeNearestNeighbor`,
  /// `ResizeBicubic` with `half_pixel_centers`, and `ResizeArea`.
  func taps(from old: Int, to new: Int) -> [[ResizeTap]] {
    let scale = Float(old) / Float(new)
    return (0..<new).map { k in
      let place = (Float(k) + 0.5) * scale - 0.5
      switch self {
      case .nearest:
        let nearest = Int(((Float(k) + 0.5) * scale).rounded(.down))
        return [ResizeTap(place: min(nearest, old - 1), weight: 1)]
      case .bilinear:
        let below = place.rounded(.down)
        let share = place - below
        return [
          ResizeTap(place: max(Int(below), 0), weight: 1 - share),
          ResizeTap(place: min(Int(place.rounded(.up)), old - 1), weight: share),
        ]
      case .bicubic: return Interpolation.cubicTaps(at: place, count: old)
      case .area: return Interpolation.areaTaps(from: Float(k) * scale, scale: scale, count: old)
      }
    }
  }

  /// Keys' cubic (a = -1/2) at a multiple of 1/1024; samples outside count as none.
  private static func cubicTaps(at place: Float, count: Int) -> [ResizeTap] {
    let below = place.rounded(.down)
    let offset = ((place - below) * 1024).rounded(.toNearestOrEven) / 1024
    func weight(_ distance: Float) -> Float {
      let (x, a) = (distance, Float(-0.5))
      return x <= 1
        ? ((a + 2) * x - (a + 3)) * x * x + 1 : ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    }
    let distances = [1 + offset, offset, 1 - offset, 2 - offset]
    let taps = distances.enumerated().compactMap { k, distance -> ResizeTap? in
      let index = Int(below) - 1 + k
      return index >= 0 && index < count
        ? ResizeTap(place: index, weight: weight(distance)) : nil
    }
    let sum = taps.reduce(0) { $0 + $1.weight }
    return taps.map { ResizeTap(place: $0.place, weight: $0.weight / sum) }
  }

  /// The mean over the stretch that the new sample covers.
  private static func areaTaps(from start: Float, scale: Float, count: Int) -> [ResizeTap] {
    let end = start + scale
    let first = Int(start.rounded(.down))
    let last = Int(end.rounded(.up))
    return (first..<max(last, first + 1)).map { k in
      let share = min(Float(k + 1), end) - max(Float(k), start)
      return ResizeTap(place: min(max(k, 0), count - 1), weight: share / scale)
    }
  }
}
