import ECGraph
import ECTensor

/// Pooling, padding, cropping and resizing layers of Keras.
extension OperatorTable {
  static let kerasPoolingRules: [KerasRule] = [
    pool(["MaxPooling2D", "MaxPool2D"], .maximum, spatialRank: 2),
    pool(["MaxPooling1D", "MaxPool1D"], .maximum, spatialRank: 1),
    pool(["MaxPooling3D", "MaxPool3D"], .maximum, spatialRank: 3),
    pool(["AveragePooling2D", "AvgPool2D"], .averageExcludingPadding, spatialRank: 2),
    pool(["AveragePooling1D", "AvgPool1D"], .averageExcludingPadding, spatialRank: 1),
    pool(["AveragePooling3D", "AvgPool3D"], .averageExcludingPadding, spatialRank: 3),
    globalPool(["GlobalAveragePooling2D", "GlobalAvgPool2D"], isMaximum: false, spatialRank: 2),
    globalPool(["GlobalMaxPooling2D", "GlobalMaxPool2D"], isMaximum: true, spatialRank: 2),
    globalPool(
      ["GlobalAveragePooling1D", "GlobalAvgPool1D"], isMaximum: false, spatialRank: 1),
    globalPool(["GlobalMaxPooling1D", "GlobalMaxPool1D"], isMaximum: true, spatialRank: 1),
    globalPool(
      ["GlobalAveragePooling3D", "GlobalAvgPool3D"], isMaximum: false, spatialRank: 3),
    globalPool(["GlobalMaxPooling3D", "GlobalMaxPool3D"], isMaximum: true, spatialRank: 3),
    zeroPadding(["ZeroPadding2D"], spatialRank: 2), zeroPadding(["ZeroPadding1D"], spatialRank: 1),
    zeroPadding(["ZeroPadding3D"], spatialRank: 3),
    cropping(["Cropping2D"], spatialRank: 2), cropping(["Cropping1D"], spatialRank: 1),
    cropping(["Cropping3D"], spatialRank: 3),
    repeating(["UpSampling1D"], spatialRank: 1), repeating(["UpSampling3D"], spatialRank: 3),
    KerasRule(["CenterCrop"]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      try centerCrop(layer, inputs, &sketch)
    },
    KerasRule(["UpSampling2D"]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let kind: ResizeKernel
      switch layer.string("interpolation", default: "nearest") {
      case "nearest": kind = .nearestFloorAsymmetric
      case "bilinear": kind = .linearHalfPixel
      case let other: throw FormatError(.unsupported("interpolation '\(other)' isn't supported"))
      }
      let size = try layer.counts("size", count: 2, default: 2)
      return try sketch.apply(
        Resize(kind: kind, target: .scales(size), layout: layer.layout),
        [sketch.image(inputs, spatialRank: 2)])
    },
    KerasRule(["Resizing"]) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      for flag in ["crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"]
      where layer.bool(flag, default: false) {
        throw FormatError(.unsupported("'\(flag)' isn't supported"))
      }
      let kind = try KerasLayer.resizing(layer.string("interpolation", default: "bilinear"))
      let size = try ["height", "width"].map { (key) throws(FormatError) in
        try layer.counts(key, count: 1, default: 0)[0]
      }
      return try sketch.apply(
        Resize(kind: kind, target: .sizes(size), layout: layer.layout),
        [sketch.image(inputs, spatialRank: 2)])
    },
  ]

  private static func pool(_ names: [String], _ kind: PoolKernel, spatialRank: Int) -> KerasRule {
    KerasRule(names) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let size = try layer.counts("pool_size", count: spatialRank, default: 2)
      let strides =
        layer.config["strides"]?.isNull ?? true
        ? size : try layer.counts("strides", count: spatialRank, default: 1)
      let geometry = WindowGeometry(
        size: size, strides: strides, dilations: [Int](repeating: 1, count: spatialRank),
        padding: try layer.padding())
      let x = try sketch.image(inputs, spatialRank: spatialRank)
      return [
        try sketch.window(x, [], layer, spatialRank: spatialRank) {
          Pool(kind: kind, geometry: geometry, layout: $0)
        }
      ]
    }
  }

  private static func globalPool(_ names: [String], isMaximum: Bool, spatialRank: Int) -> KerasRule
  {
    KerasRule(names) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try sketch.image(inputs, spatialRank: spatialRank)
      if spatialRank != 2 {
        let axes = Array(layer.layout.spatialAxes(rank: spatialRank + 2))
        return try sketch.apply(
          Reduce(
            kind: isMaximum ? .maximum : .mean, reducedAxes: axes,
            keepDims: layer.bool("keepdims", default: false)), [x])
      }
      let op = GlobalPool(
        isMaximum: isMaximum, keepDims: layer.bool("keepdims", default: false),
        layout: layer.layout, spatialRank: spatialRank)
      return try sketch.apply(op, [x])
    }
  }

  private static func zeroPadding(_ names: [String], spatialRank: Int) -> KerasRule {
    KerasRule(names) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let pairs = try layer.pairs("padding", count: spatialRank)
      let axes = Array(layer.layout.spatialAxes(rank: spatialRank + 2))
      var begin = [Int](repeating: 0, count: spatialRank + 2)
      var end = begin
      for (axis, pair) in zip(axes, pairs) { (begin[axis], end[axis]) = pair }
      return try sketch.apply(
        Pad(begin: begin, end: end, value: 0), [sketch.image(inputs, spatialRank: spatialRank)])
    }
  }

  private static func cropping(_ names: [String], spatialRank: Int) -> KerasRule {
    KerasRule(names) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let pairs = try layer.pairs("cropping", count: spatialRank)
      let axes = layer.layout.spatialAxes(rank: spatialRank + 2)
      let ranges = zip(axes, pairs).map { axis, pair in
        Slice.Range(axis: axis, start: pair.0, stop: pair.1 == 0 ? nil : -pair.1, step: 1)
      }
      return try sketch.apply(
        Slice(ranges: ranges), [sketch.image(inputs, spatialRank: spatialRank)])
    }
  }

  /// Every position along each picture axis, so many times; `size` as UpSampling1D and 3D have it.
  private static func repeating(_ names: [String], spatialRank: Int) -> KerasRule {
    KerasRule(names) { (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      var x = try sketch.image(inputs, spatialRank: spatialRank)
      let factors = try layer.counts("size", count: spatialRank, default: 2)
      let axes = layer.layout.spatialAxes(rank: spatialRank + 2)
      for (axis, factor) in zip(axes, factors) where factor > 1 {
        guard var extents = sketch.type(of: x).fixedShapeAfterBatch else {
          throw FormatError(.unsupported("up-sampling needs known extents"))
        }
        // As a picture of width one, with all positions up to this axis along its height.
        let outer = extents[..<axis].reduce(1, *)
        let inner = extents[axis...].reduce(1, *)
        let flat = try sketch.one(
          Reshape(target: [outer, 1, inner]), [x], suffix: "flat\(axis)")
        let repeated = try sketch.one(
          Resize(
            kind: .nearestFloorAsymmetric, target: .scales([1, factor]), layout: .channelsLast),
          [flat], suffix: "repeated\(axis)")
        extents[axis - 1] *= factor
        x = try sketch.one(Reshape(target: extents), [repeated], suffix: "axis\(axis)")
      }
      return [x]
    }
  }

  private static func centerCrop(
    _ layer: KerasLayer, _ inputs: [ValueID], _ sketch: inout Sketch
  ) throws(FormatError) -> [ValueID] {
    let x = try sketch.image(inputs, spatialRank: 2)
    let sizes = [try layer.int("height"), try layer.int("width")]
    var ranges: [Slice.Range] = []
    for (axis, size) in zip(layer.layout.spatialAxes(rank: 4), sizes) {
      guard let extent = sketch.type(of: x).shape[axis].value, extent >= size else {
        throw FormatError(.unsupported("a crop to \(sizes) needs a known, larger picture"))
      }
      let start = (extent - size) / 2
      ranges.append(Slice.Range(axis: axis, start: start, stop: start + size, step: 1))
    }
    return try sketch.apply(Slice(ranges: ranges), [x])
  }
}
