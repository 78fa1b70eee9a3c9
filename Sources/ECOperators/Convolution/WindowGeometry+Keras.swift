import ECGraph

/// What Keras does around a picture before a window slides over it.
enum KerasPadding {
  /// The `padding` of the layer itself.
  case own(String)
  /// A layer before it that adds zeros; its own `padding` is `valid`.
  case zeros(begin: [Int], end: [Int])
}

extension WindowGeometry {
  /// How Keras says this padding with zeros, or `nil` where it can't.
  func kerasPadding(_ extents: [Int?]) -> KerasPadding? {
    if padding == .valid { return .own("valid") }
    if padding == .sameUpper { return .own("same") }
    guard let pads = pads(extents), (pads.begin + pads.end).allSatisfy({ $0 >= 0 }) else {
      return nil
    }
    if (pads.begin + pads.end).allSatisfy({ $0 == 0 }) { return .own("valid") }
    var same = self
    same.padding = .sameUpper
    if let upper = same.pads(extents), upper == pads { return .own("same") }
    return .zeros(begin: pads.begin, end: pads.end)
  }

  /// Adds the zeros that a layer's own padding can't say; gives the `padding` left for the layer.
  func pad(_ chain: inout LayerChain, _ extents: [Int?]) -> String? {
    switch kerasPadding(extents) {
    case .own(let name): return name
    case .zeros(let begin, let end):
      chain.zeros(begin, end)
      return "valid"
    case nil: return nil
    }
  }
}

/// A convolution as Keras takes its strides.
struct KerasStrides {
  /// The window, with the strides that the layer itself has.
  var geometry: WindowGeometry
  /// Steps of a layer after it that takes every so manieth cell.
  var sampling: [Int]

  /// Keras forbids strides together with dilation, and TensorFlow strides that differ where
  /// `needsEqual`; then all windows are computed and some are taken.
  init?(_ geometry: WindowGeometry, _ extents: [Int?], needsEqual: Bool) {
    self.geometry = geometry
    sampling = geometry.strides.map { _ in 1 }
    let isStrided = geometry.strides.contains { $0 != 1 }
    let isDilated = geometry.dilations.contains { $0 != 1 }
    let differ = Set(geometry.strides).count > 1
    guard isStrided, isDilated || (needsEqual && differ) else { return }
    guard let pads = geometry.pads(extents) else { return nil }
    self.geometry.padding = .explicit(begin: pads.begin, end: pads.end)
    self.geometry.strides = sampling
    sampling = geometry.strides
  }
}
