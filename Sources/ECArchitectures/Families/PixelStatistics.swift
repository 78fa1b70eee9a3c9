/// Mean and variance of the pixels of ImageNet, by channel (red, green, blue).
enum PixelStatistics {
  /// The standard deviations of pixels between 0 and 1.
  static let deviations = [0.229, 0.224, 0.225]
  private static let means = [0.485, 0.456, 0.406]

  /// Of pixels between 0 and 1.
  static let unit = scaled(by: 1)
  /// Of pixels between 0 and 255.
  static let byte = scaled(by: 255)

  private static func scaled(by factor: Double) -> (mean: [Double], variance: [Double]) {
    (means.map { $0 * factor }, deviations.map { ($0 * factor) * ($0 * factor) })
  }
}
