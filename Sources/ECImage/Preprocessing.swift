/// What is done to samples of 0 to 255 before a network sees them.
///
/// Source: `keras.applications.imagenet_utils.preprocess_input`.
public enum Preprocessing: String, Sendable, CaseIterable {
  /// Blue first, minus the means of ImageNet.
  case caffe
  /// -1 to 1.
  case tf
  /// 0 to 1, then minus the means and divided by the deviations of ImageNet.
  case torch
  /// 0 to 1.
  case unit
  /// 0 to 255.
  case none
}

extension FloatImage {
  /// This image, of samples 0 to 255, as a network wants it.
  public func preprocessed(_ kind: Preprocessing) -> FloatImage {
    var image = self
    switch kind {
    case .none: break
    case .unit: image.samples = samples.map { $0 / 255 }
    case .tf: image.samples = samples.map { $0 / 127.5 - 1 }
    case .torch:
      image.normalize(
        means: [0.485, 0.456, 0.406], deviations: [0.229, 0.224, 0.225], divisor: 255)
    case .caffe:
      if channels == 3 {
        for k in stride(from: 0, to: samples.count, by: 3) { image.samples.swapAt(k, k + 2) }
      }
      image.normalize(
        means: [103.939, 116.779, 123.68], deviations: [1, 1, 1], divisor: 1)
    }
    return image
  }

  /// `(x / divisor - mean) / deviation` by channel; images of one channel take the middle one's.
  private mutating func normalize(means: [Float], deviations: [Float], divisor: Float) {
    for k in samples.indices {
      let c = channels == 3 ? k % 3 : 1
      samples[k] = (samples[k] / divisor - means[c]) / deviations[c]
    }
  }
}
