public import ECGraph
import ECTensor

extension Resize {
  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? {
    guard layout == .channelsLast, case .kernel(let kind) = sampling else { return nil }
    let extents = context.pictureExtents(layout)
    let interpolation = kind == .linearHalfPixel ? "bilinear" : "nearest"
    if let factors = factors(extents) {
      // Whole factors repeat each pixel, whichever way the nearest one is found.
      return ExportedLayers(
        FormatLayer(
          "UpSampling2D",
          config: [
            "size": .ints(factors), "data_format": .string("channels_last"),
            "interpolation": .string(interpolation),
          ]))
    }
    guard case .sizes(let sizes) = target, kind != .nearestFloorAsymmetric else { return nil }
    return ExportedLayers(
      FormatLayer(
        "Resizing",
        config: [
          "height": .int(sizes[0]), "width": .int(sizes[1]),
          "interpolation": .string(interpolation), "crop_to_aspect_ratio": .bool(false),
        ]))
  }

  /// The whole factors per picture axis, where they are.
  private func factors(_ extents: [Int?]) -> [Int]? {
    switch target {
    case .scales(let scales): return scales
    case .fractions: return nil
    case .sizes(let sizes):
      let known = extents.compactMap { $0 }
      guard known.count == sizes.count, zip(sizes, known).allSatisfy({ $0 % $1 == 0 }) else {
        return nil
      }
      return zip(sizes, known).map { $0 / $1 }
    }
  }
}
