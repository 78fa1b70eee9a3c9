import ECGraph

/// How cells are added around a picture before a window slides over it.
public enum Padding: Sendable, Hashable {
  /// None.
  case valid
  /// So that `out = ceil(in / stride)`; an odd cell goes to the end (Keras `same`, SAME_UPPER).
  case sameUpper
  /// Likewise; an odd cell goes to the beginning (SAME_LOWER).
  case sameLower
  /// Counts per picture axis.
  case explicit(begin: [Int], end: [Int])

  /// The counts for one picture axis, or `nil` if they depend on an unknown extent.
  ///
  /// Source: Keras `same` padding; ONNX Conv `auto_pad`.
  func counts(axis: Int, extent: Int?, size: Int, stride: Int, dilation: Int) -> (Int, Int)? {
    switch self {
    case .valid: return (0, 0)
    case .explicit(let begin, let end): return (begin[axis], end[axis])
    case .sameUpper, .sameLower:
      let reach = (size - 1) * dilation + 1
      let total: Int
      if stride == 1 {
        total = reach - 1
      } else if let extent {
        let steps = (extent + stride - 1) / stride
        total = max((steps - 1) * stride + reach - extent, 0)
      } else {
        return nil
      }
      return self == .sameUpper
        ? (total / 2, total - total / 2) : (total - total / 2, total / 2)
    }
  }

  /// As text, for the text form of a graph.
  var text: String {
    switch self {
    case .valid: "valid"
    case .sameUpper: "same"
    case .sameLower: "same_lower"
    case .explicit(let begin, let end): "\(begin)+\(end)"
    }
  }
}

/// The window of a convolution or a pooling, and what follows from it.
struct WindowGeometry: Sendable, Hashable {
  var size: [Int]
  var strides: [Int]
  var dilations: [Int]
  var padding: Padding
  /// Whether the last window may start inside and reach beyond the end (ONNX `ceil_mode`).
  var ceil = false

  /// The counts of padding per picture axis, or `nil` if an extent that matters is unknown.
  func pads(_ extents: [Int?]) -> (begin: [Int], end: [Int])? {
    var begin: [Int] = []
    var end: [Int] = []
    for axis in size.indices {
      guard
        let counts = padding.counts(
          axis: axis, extent: extents[axis], size: size[axis], stride: strides[axis],
          dilation: dilations[axis])
      else { return nil }
      begin.append(counts.0)
      end.append(counts.1)
    }
    return (begin, end)
  }

  /// The extents of the result's picture axes.
  func outputSize(_ extents: [Int?]) throws(GraphError) -> [Int?] {
    var result: [Int?] = []
    for axis in size.indices {
      guard let extent = extents[axis],
        let pads = padding.counts(
          axis: axis, extent: extent, size: size[axis], stride: strides[axis],
          dilation: dilations[axis])
      else {
        result.append(nil)
        continue
      }
      let padded = extent + pads.0 + pads.1
      let room = padded - ((size[axis] - 1) * dilations[axis] + 1)
      guard room >= 0 else { throw GraphError(.emptyResult) }
      var count = room / strides[axis] + 1
      if ceil && room % strides[axis] != 0 && count * strides[axis] < extent + pads.0 { count += 1 }
      result.append(count)
    }
    return result
  }

  /// The window with concrete padding, for a picture of known extents.
  func window(_ extents: [Int]) -> Window {
    let pads = pads(extents.map { $0 }) ?? ([], [])
    return Window(
      size: size, strides: strides, dilations: dilations, padBegin: pads.begin, padEnd: pads.end)
  }

  /// The ONNX attributes; `auto_pad` where the counts depend on an unknown extent.
  func attributes(_ extents: [Int?]) -> FormatObject {
    var attributes: FormatObject = [:]
    if dilations.contains(where: { $0 != 1 }) { attributes["dilations"] = .ints(dilations) }
    attributes["kernel_shape"] = .ints(size)
    if let pads = pads(extents) {
      if (pads.begin + pads.end).contains(where: { $0 != 0 }) {
        attributes["pads"] = .ints(pads.begin + pads.end)
      }
    } else {
      attributes["auto_pad"] = .string(padding == .sameLower ? "SAME_LOWER" : "SAME_UPPER")
    }
    attributes["strides"] = .ints(strides)
    return attributes
  }

  /// As text, for the text form of a graph.
  var text: String {
    var parts = ["window=\(size)", "strides=\(strides)"]
    if dilations.contains(where: { $0 != 1 }) { parts.append("dilations=\(dilations)") }
    parts.append("padding=\(padding.text)")
    return parts.joined(separator: " ")
  }
}

extension FormatValue {
  /// A list of whole numbers.
  static func ints(_ numbers: [Int]) -> FormatValue { .list(numbers.map { .int($0) }) }
}

/// The picture axes of an image type, and its parts.
extension ImageLayout {
  /// The extents of the picture axes.
  func spatialExtents(_ type: ValueType) -> [Int?] {
    spatialAxes(rank: type.rank).map { type.shape[$0].value }
  }

  /// An image type.
  func type(like: ValueType, channels: Dimension, spatial: [Int?]) -> ValueType {
    ValueType(
      like.elementType,
      shape(
        batch: like.shape[0], channels: channels,
        spatial: spatial.map { $0.map(Dimension.fixed) ?? .symbolic("") }))
  }

  /// Letters of an image with so many picture axes: `n c h w`, or in the other layout.
  func letters(channel: String, spatialRank: Int, prime: String = "") -> String {
    let spatial = ["d", "h", "w"].suffix(spatialRank).map { $0 + prime }
    return of((["n", channel] + spatial).joined(separator: " "))
  }
}

/// Letters of the taps of a kernel.
func tapLetters(_ spatialRank: Int) -> String {
  ["kd", "kh", "kw"].suffix(spatialRank).joined(separator: " ")
}
