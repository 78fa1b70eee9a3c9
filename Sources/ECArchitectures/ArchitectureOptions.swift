/// What is asked of an architecture; what is `nil` is told by the weights, or else the default of
/// `keras.applications`.
public struct ArchitectureOptions: Sendable, Equatable {
  /// How images become vectors in a model without its classifier.
  public enum Pooling: String, Sendable, CaseIterable {
    case nothing = "none"
    case avg
    case max
  }

  /// The factor on all widths; MobileNet and its successors have it.
  public var alpha: Double?
  /// The number of classes; 1000.
  public var classes: Int?
  /// Whether the classifier is there; it is.
  public var top: Bool?
  /// What stands in place of the classifier; nothing.
  public var pooling: Pooling?
  /// Height and width of the images in pixels, or `any`.
  public var size: ImageSize?
  /// Whether scaling of the pixels is part of the model, where the family has that; it is.
  public var preprocessing: Bool?
  /// Whether it is the MobileNetV3 without gates and large kernels; it isn't.
  public var minimalistic: Bool?
  /// Whether it is the EfficientNet that `weights="imagenet"` makes, which has one `Rescaling` more.
  public var imagenet: Bool?
  /// The activation of the classes, such as `softmax` or `linear`.
  public var activation: String?
  /// The generation of Keras whose layer names are used.
  public var generation: Generation?

  /// Asks for nothing in particular.
  public init() {}
}

/// Height and width of images.
public enum ImageSize: Sendable, Equatable {
  case pixels(height: Int, width: Int)
  /// Left open.
  case any
}

/// An architecture's name with options, as `--arch` takes it: `mobilenetv2:alpha=0.5,classes=10`.
public struct ArchitectureRequest: Sendable, Equatable {
  /// The architecture's name as given.
  public var name: String
  /// The options.
  public var options: ArchitectureOptions

  /// Reads a request.
  /// - Throws: `ArchitectureError` for an option that doesn't exist, or a value that makes no sense.
  public init(_ text: String) throws(ArchitectureError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    name = String(parts[0])
    options = ArchitectureOptions()
    guard parts.count > 1 else { return }
    for item in parts[1].split(separator: ",") {
      let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let option = Option(rawValue: String(pair[0])) else {
        throw ArchitectureError(.unknownOption(String(pair[0])))
      }
      let value = pair.count > 1 ? String(pair[1]) : ""
      guard option.set(value, in: &options) else {
        throw ArchitectureError(.badValue(option: option.rawValue, value, option.expectation))
      }
    }
  }

  /// The options by the names that users write, with what each takes.
  public static var optionNames: [(name: String, expectation: String)] {
    Option.allCases.map { ($0.rawValue, $0.expectation) }
  }

  private enum Option: String, CaseIterable {
    case alpha, classes, top, pooling, size, preprocessing, minimalistic, imagenet, activation
    case names

    var expectation: String {
      switch self {
      case .alpha: "a number from 0.05 to 16"
      case .classes: "a whole number above 0"
      case .top, .preprocessing, .minimalistic, .imagenet: "yes or no"
      case .pooling: "none, avg or max"
      case .size: "pixels such as 224 or 224x320, or any"
      case .activation: "the name of an activation, or none"
      case .names: "keras2 or keras3"
      }
    }

    /// Whether the value makes sense; then it is set.
    func set(_ value: String, in options: inout ArchitectureOptions) -> Bool {
      switch self {
      case .alpha:
        options.alpha = Double(value).flatMap { $0 >= 0.05 && $0 <= 16 ? $0 : nil }
        return options.alpha != nil
      case .classes:
        options.classes = Self.count(value)
        return options.classes != nil
      case .top: return Self.flag(value, &options.top)
      case .preprocessing: return Self.flag(value, &options.preprocessing)
      case .minimalistic: return Self.flag(value, &options.minimalistic)
      case .imagenet: return Self.flag(value, &options.imagenet)
      case .pooling:
        options.pooling = .init(rawValue: value)
        return options.pooling != nil
      case .size:
        options.size = ImageSize(value)
        return options.size != nil
      case .activation:
        options.activation = value == "none" ? "linear" : value
        return !value.isEmpty
      case .names:
        options.generation = .init(rawValue: value)
        return options.generation != nil
      }
    }

    private static func flag(_ value: String, _ target: inout Bool?) -> Bool {
      target = ["yes": true, "true": true, "no": false, "false": false][value.lowercased()]
      return target != nil
    }

    fileprivate static func count(_ value: String) -> Int? {
      Int(value).flatMap { (1...1_000_000).contains($0) ? $0 : nil }
    }
  }
}

extension ImageSize {
  /// Reads `224`, `224x320` or `any`.
  init?(_ text: String) {
    if text == "any" {
      self = .any
      return
    }
    let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard (1...2).contains(sides.count), let height = sides[0], let width = sides.last ?? nil,
      (1...65536).contains(height), (1...65536).contains(width)
    else { return nil }
    self = .pixels(height: height, width: width)
  }
}
