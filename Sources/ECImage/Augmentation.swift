import ECRandom

/// Chance changes of images that leave what they show the same: mirrored, cut and recoloured.
///
/// Source: torchvision's `RandomResizedCrop`, `RandomHorizontalFlip` and `ColorJitter`, milder.
public struct Augmentation: Sendable {
  /// The smallest share of the picture that is cut out.
  public var leastArea = 0.6
  /// How much width and height may be distorted against each other.
  public var aspect = 4.0 / 3
  /// How much brightness, contrast and saturation change at most.
  public var colour = 0.2

  /// Makes the usual changes.
  public init() {}

  /// A part of an image of samples 0 to 255.
  func part(of image: FloatImage, _ generator: inout SplitMix64) -> FloatImage {
    let share = generator.uniform(leastArea..<1)
    let ratio = generator.uniform((1 / aspect)..<aspect).squareRoot()
    let (horizontal, vertical) = (generator.unit(), generator.unit())
    let side = share.squareRoot()
    let width = min(image.width, max(1, Int(Double(image.width) * side * ratio)))
    let height = min(image.height, max(1, Int(Double(image.height) * side / ratio)))
    return image.cropped(
      left: Int(horizontal * Double(image.width - width)),
      top: Int(vertical * Double(image.height - height)), width: width, height: height)
  }

  /// The image mirrored or not, in other colours.
  func recoloured(_ image: FloatImage, _ generator: inout SplitMix64) -> FloatImage {
    var image = generator.unit() < 0.5 ? image.mirrored() : image
    func factor() -> Float { Float(generator.uniform((1 - colour)..<(1 + colour))) }
    let (brightness, contrast, saturation) = (factor(), factor(), factor())
    let channels = image.channels
    let mean = image.samples.reduce(0, +) / Float(max(image.samples.count, 1))
    image.samples.withUnsafeMutableBufferPointer { samples in
      for start in stride(from: 0, to: samples.count, by: channels) {
        var grey: Float = 0
        for c in 0..<channels { grey += samples[start + c] }
        grey /= Float(channels)
        for c in 0..<channels {
          let vivid = grey + (samples[start + c] - grey) * saturation
          let value = (mean + (vivid - mean) * contrast) * brightness
          samples[start + c] = min(max(value, 0), 255)
        }
      }
    }
    return image
  }
}

extension FloatImage {
  /// The image with left and right exchanged.
  func mirrored() -> FloatImage {
    var result = self
    for y in 0..<height {
      for x in 0..<width {
        for c in 0..<channels {
          result.samples[(y * width + x) * channels + c] =
            samples[(y * width + width - 1 - x) * channels + c]
        }
      }
    }
    return result
  }
}

extension ImageLoader {
  /// An image of samples 0 to 255 changed by chance, brought to size and preprocessed.
  public func prepared(
    _ image: FloatImage, _ augmentation: Augmentation, seed: UInt64
  ) -> FloatImage {
    var generator = SplitMix64(seed: seed)
    let part = augmentation.part(of: image, &generator)
    let sized = self.sized(part)
    return augmentation.recoloured(sized, &generator).preprocessed(preprocessing)
  }
}
