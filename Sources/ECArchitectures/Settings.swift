/// What a model is drawn by: options with every question answered.
struct Settings: Equatable {
  var generation: Generation
  var size: ImageSize
  var alpha: Double
  var classes: Int
  var hasTop: Bool
  var pooling: ArchitectureOptions.Pooling
  var hasPreprocessing: Bool
  var isMinimalistic: Bool
  var isImageNet: Bool
  var activation: String
}

extension ModelBuilder {
  /// Draws the input of the size that is asked for.
  mutating func input(_ settings: Settings) -> Output {
    switch settings.size {
    case .any: input(height: nil, width: nil)
    case .pixels(let height, let width): input(height: height, width: width)
    }
  }

  /// Names of the layers that most families end with.
  struct HeadNames {
    /// Of the average in front of the classifier.
    var average: String? = "avg_pool"
    /// Of the poolings of a model without classifier.
    var pooling: (average: String?, maximum: String?) = ("avg_pool", "max_pool")
    var classes = "predictions"
  }

  /// Draws what most families end with: the mean over each channel, then a dense layer that gives
  /// the classes; without classifier the pooling that is asked for.
  mutating func head(
    _ x: Output, _ settings: Settings, names: HeadNames = HeadNames(), dropout rate: Double? = nil
  ) -> Output {
    guard settings.hasTop else { return pooled(x, settings, names: names.pooling) }
    var x = globalAverage(x, name: names.average)
    if let rate { x = dropout(x, rate, name: "top_dropout") }
    return dense(x, settings.classes, activation: settings.activation, name: names.classes)
  }

  /// Draws the pooling that a model without classifier ends with.
  mutating func pooled(
    _ x: Output, _ settings: Settings, names: (average: String?, maximum: String?) = (nil, nil)
  ) -> Output {
    switch settings.pooling {
    case .nothing: x
    case .avg: globalAverage(x, name: names.average)
    case .max: globalMax(x, name: names.maximum)
    }
  }
}

/// The multiple of 8 that is nearest to `value`, at least 8.
func nearestWidth(_ value: Double) -> Int { max(8, Int(value + 4) / 8 * 8) }

/// The multiple of 8 that is nearest to `value`, but not less than it by more than a tenth: how the
/// mobile families round widths.
func roundedWidth(_ value: Double) -> Int {
  let nearest = nearestWidth(value)
  return Double(nearest) < 0.9 * value ? nearest + 8 : nearest
}
