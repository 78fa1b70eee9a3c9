/// An image of floating-point samples, 0 to 255 unless it was preprocessed.
public struct FloatImage: Sendable {
  /// The number of columns.
  public let width: Int
  /// The number of rows.
  public let height: Int
  /// The number of channels.
  public let channels: Int
  /// `[height, width, channels]`, rows from the top.
  public internal(set) var samples: [Float]

  /// Joins samples with their extents.
  /// - Precondition: there are `height · width · channels` of them.
  public init(width: Int, height: Int, channels: Int, samples: [Float]) {
    precondition(samples.count == width * height * channels)
    (self.width, self.height, self.channels) = (width, height, channels)
    self.samples = samples
  }

  /// The samples of a picture as they are.
  public init(_ picture: Picture) {
    self.init(
      width: picture.width, height: picture.height, channels: picture.channels,
      samples: picture.pixels.map { Float($0) })
  }

  /// This image with 1 or 3 channels: grey is repeated, red, green and blue become luminance, and
  /// what comes after them is left out.
  public func converted(toChannels wanted: Int) -> FloatImage {
    if wanted == channels { return self }
    var converted: [Float] = []
    converted.reserveCapacity(width * height * wanted)
    for start in stride(from: 0, to: samples.count, by: channels) {
      if channels < 3 {
        for _ in 0..<wanted { converted.append(samples[start]) }
      } else if wanted == 1 {
        let (r, g, b) = (samples[start], samples[start + 1], samples[start + 2])
        converted.append(0.299 * r + 0.587 * g + 0.114 * b)
      } else {
        converted += samples[start..<(start + wanted)]
      }
    }
    return FloatImage(width: width, height: height, channels: wanted, samples: converted)
  }

  /// The largest part around the middle that has the aspect ratio of `width` to `height`.
  ///
  /// Source: `keras.preprocessing.image.smart_resize`, `crop_to_aspect_ratio`.
  public func croppedToAspectRatio(width: Int, height: Int) -> FloatImage {
    let cropHeight = max(1, min(self.height, Int(Double(self.width * height) / Double(width))))
    let cropWidth = max(1, min(self.width, Int(Double(self.height * width) / Double(height))))
    let top = Int(Double(self.height - cropHeight) / 2)
    let left = Int(Double(self.width - cropWidth) / 2)
    return cropped(left: left, top: top, width: cropWidth, height: cropHeight)
  }

  /// A part of the image.
  public func cropped(left: Int, top: Int, width: Int, height: Int) -> FloatImage {
    var part: [Float] = []
    part.reserveCapacity(width * height * channels)
    for y in top..<top + height {
      let start = (y * self.width + left) * channels
      part.append(contentsOf: samples[start..<start + width * channels])
    }
    return FloatImage(width: width, height: height, channels: channels, samples: part)
  }
}
