import ECGraph
import ECTensor

/// How the pixels of a resized picture come from those of the given one, axis by axis.
///
/// Source: ONNX Resize 11-19, all modes but `tf_crop_and_resize`.
struct Interpolation: Sendable, Hashable {
  /// What is made of the pixels around a place.
  enum Mode: Sendable, Hashable {
    case nearest(Rounding)
    case linear
    case cubic(coefficient: Float, excludesOutside: Bool)
  }

  /// Which pixel is nearest.
  enum Rounding: String, Sendable {
    case roundPreferFloor = "round_prefer_floor"
    case roundPreferCeil = "round_prefer_ceil"
    case floor
    case ceil
  }

  /// Where a pixel of the result lies in the given picture.
  enum Coordinates: String, Sendable {
    case halfPixel = "half_pixel"
    case symmetricHalfPixel = "half_pixel_symmetric"
    case pytorchHalfPixel = "pytorch_half_pixel"
    case nearestHalfPixel = "tf_half_pixel_for_nn"
    case alignCorners = "align_corners"
    case asymmetric
  }

  /// One axis: the extents before and after, and the factor between them.
  struct Line {
    let given: Int
    let wanted: Int
    let scale: Float
  }

  var mode: Mode
  var coordinates: Coordinates
  /// Whether shrinking averages all pixels that a new one covers.
  var isSmoothed = false

  /// Between two neighbours, counted from the corner: what Upsample does.
  static let linearFromCorner = Interpolation(mode: .linear, coordinates: .asymmetric)

  init(mode: Mode, coordinates: Coordinates) {
    self.mode = mode
    self.coordinates = coordinates
  }

  /// - Throws: `FormatError.unsupported` for a mode that isn't known.
  init(_ node: ONNXNode) throws(FormatError) {
    let mode = node.string("mode", default: "nearest")
    let place = node.string("coordinate_transformation_mode", default: "half_pixel")
    let rounding = node.string("nearest_mode", default: "round_prefer_floor")
    guard let coordinates = Coordinates(rawValue: place) else {
      throw FormatError(.unsupported("\(node.type) in coordinates '\(place)' isn't supported"))
    }
    let excludes = node.int("exclude_outside", default: 0) != 0
    switch (mode, Rounding(rawValue: rounding)) {
    case ("nearest", let rounding?): self.mode = .nearest(rounding)
    case ("linear", _): self.mode = .linear
    case ("cubic", _):
      self.mode = .cubic(
        coefficient: node.float("cubic_coeff_a", default: -0.75), excludesOutside: excludes)
    default:
      throw FormatError(
        .unsupported("\(node.type) in mode \(mode), \(rounding) isn't supported"))
    }
    self.coordinates = coordinates
    // floor(p) is floor((p - 1/2) + 1/2), so that opsets from 13 on can say it too.
    if coordinates == .nearestHalfPixel, self.mode == .nearest(.floor) {
      (self.mode, self.coordinates) = (.nearest(.roundPreferCeil), .halfPixel)
    }
    isSmoothed = node.int("antialias", default: 0) != 0 && mode != "nearest"
    if excludes && mode == "linear" {
      throw FormatError(.unsupported("linear resizing without the outside isn't supported"))
    }
  }

  /// The kernel that does the same; `factors` are those by which the picture grows, if whole.
  func kernel(factors: [Int]?) -> ResizeKernel? {
    switch (mode, coordinates) {
    case (.nearest(.floor), .asymmetric): .nearestFloorAsymmetric
    case (.nearest(.roundPreferCeil), .halfPixel): .nearestHalfPixelCeil
    // No place is halfway between two pixels.
    case (.nearest(.roundPreferFloor), .halfPixel) where factors != nil: .nearestFloorAsymmetric
    case (.nearest(.roundPreferFloor), .asymmetric)
    where factors.map({ $0.allSatisfy { $0 <= 2 } }) ?? false:
      .nearestFloorAsymmetric
    case (.linear, .halfPixel) where !isSmoothed: .linearHalfPixel
    default: nil
    }
  }

  var text: String {
    "\(mode) \(coordinates.rawValue)" + (isSmoothed ? " antialias" : "")
  }

  /// As ONNX has it.
  var attributes: FormatObject {
    var attributes: FormatObject = [
      "coordinate_transformation_mode": .string(coordinates.rawValue)
    ]
    switch mode {
    case .nearest(let rounding):
      attributes["mode"] = .string("nearest")
      attributes["nearest_mode"] = .string(rounding.rawValue)
    case .linear: attributes["mode"] = .string("linear")
    case .cubic(let coefficient, let excludesOutside):
      attributes["mode"] = .string("cubic")
      attributes["cubic_coeff_a"] = .float(Double(coefficient))
      if excludesOutside { attributes["exclude_outside"] = .int(1) }
    }
    if isSmoothed { attributes["antialias"] = .int(1) }
    attributes.sort { $0.key < $1.key }
    return attributes
  }

  /// Whether Resize of an operator set has it.
  func isSayable(opset: Int) -> Bool {
    if isSmoothed && opset < 18 { return false }
    switch coordinates {
    case .nearestHalfPixel: return opset < 13
    case .symmetricHalfPixel: return opset >= 19
    default: return true
    }
  }

  // MARK: Pixels

  /// Resizes one axis.
  func apply(
    to x: KernelValue, axis: Int, _ line: Line, _ builder: any KernelBuilder
  ) -> KernelValue {
    if case .nearest(let rounding) = mode {
      let positions = (0..<line.wanted).map { place in
        min(max(Int(rounding.apply(self.place(place, line))), 0), line.given - 1)
      }
      return builder.gather(x, axis: axis, positions: positions)
    }
    var weights = [Float](repeating: 0, count: line.given * line.wanted)
    for target in 0..<line.wanted {
      for (pixel, weight) in taps(target, line) {
        weights[pixel * line.wanted + target] += Float(weight)
      }
    }
    let matrix = Tensor(weights, shape: [line.given, line.wanted])
    return builder.mixed(x, axis: axis, builder.constant(matrix))
  }

  /// Where a pixel of the result lies; in single precision, so that ties fall as elsewhere.
  private func place(_ target: Int, _ line: Line) -> Float {
    let (x, scale) = (Float(target), line.scale)
    switch coordinates {
    case .asymmetric: return x / scale
    case .halfPixel: return (x + 0.5) / scale - 0.5
    case .nearestHalfPixel: return (x + 0.5) / scale
    case .pytorchHalfPixel: return line.wanted > 1 ? (x + 0.5) / scale - 0.5 : 0
    case .alignCorners:
      return line.wanted > 1 ? x * Float(line.given - 1) / Float(line.wanted - 1) : 0
    case .symmetricHalfPixel:
      let share = Float(line.wanted) / (scale * Float(line.given))
      return Float(line.given) / 2 * (1 - share) + (x + 0.5) / scale - 0.5
    }
  }

  /// The pixels that a pixel of the result is made of, with their weights.
  private func taps(_ target: Int, _ line: Line) -> [(pixel: Int, weight: Double)] {
    let place = Double(place(target, line))
    let last = line.given - 1
    let stretch = isSmoothed ? max(1, 1 / Double(line.scale)) : 1
    let support = (mode == .linear ? 1 : 2) * stretch
    // Places beyond the edge repeat it, also in averages.
    let center = mode == .linear && !isSmoothed ? min(max(place, 0), Double(last)) : place
    var taps: [(pixel: Int, weight: Double)] = []
    for pixel in Int((center - support).rounded(.down))...Int((center + support).rounded(.up)) {
      let weight = share((Double(pixel) - center) / stretch)
      guard weight != 0 else { continue }
      if dropsOutside && !(0...last).contains(pixel) { continue }
      taps.append((min(max(pixel, 0), last), weight))
    }
    let sum = taps.reduce(0) { $0 + $1.weight }
    guard dropsOutside || isSmoothed, sum != 0 else { return taps }
    return taps.map { ($0.pixel, $0.weight / sum) }
  }

  /// Whether pixels beyond the edge count nothing, and the others so much the more.
  private var dropsOutside: Bool {
    if case .cubic(_, true) = mode { return true }
    return false
  }

  /// What a pixel at a distance counts.
  private func share(_ distance: Double) -> Double {
    let x = distance.magnitude
    guard case .cubic(let coefficient, _) = mode else { return max(0, 1 - x) }
    let a = Double(coefficient)
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
  }
}

extension Interpolation.Rounding {
  func apply(_ place: Float) -> Float {
    switch self {
    case .roundPreferFloor: (place - 0.5).rounded(.up)
    case .roundPreferCeil: (place + 0.5).rounded(.down)
    case .floor: place.rounded(.down)
    case .ceil: place.rounded(.up)
    }
  }
}
