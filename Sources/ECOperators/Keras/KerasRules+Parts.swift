import ECGraph

/// Functions that take tensors apart and put them together along a new axis, and that scale images, as
/// operations of Keras 3 and as `TFOpLambda` of Keras 2.
extension OperatorTable {
  static let kerasPartRules: [KerasRule] = [
    KerasRule(["op:Split", "TFOpLambda:split"]) {
      (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try sketch.single(inputs)
      let axis = try partAxis(layer, "axis", 2, rank: sketch.type(of: x).rank)
      guard let extent = sketch.type(of: x).shape[axis].value else {
        throw FormatError(.unsupported("the extents aren't known"))
      }
      return try sketch.apply(Split(axis: axis, sizes: partSizes(layer, extent)), [x])
    },
    KerasRule(["op:Stack", "TFOpLambda:stack"]) {
      (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      guard let first = inputs.first else { throw FormatError(.unsupported("nothing to stack")) }
      let axis = try partAxis(layer, "axis", 1, rank: sketch.type(of: first).rank + 1)
      var parts: [ValueID] = []
      for (k, input) in inputs.enumerated() {
        var extents = try knownExtents(of: input, sketch)
        extents.insert(1, at: axis - 1)
        parts.append(try sketch.one(Reshape(target: extents), [input], suffix: "part\(k)"))
      }
      return try sketch.apply(Concat(axis: axis), parts)
    },
    KerasRule(["op:Unstack", "TFOpLambda:unstack"]) {
      (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try sketch.single(inputs)
      let axis = try partAxis(layer, "axis", 2, rank: sketch.type(of: x).rank)
      var extents = try knownExtents(of: x, sketch)
      let count = extents.remove(at: axis - 1)
      let parts = try sketch.apply(
        Split(axis: axis, sizes: [Int](repeating: 1, count: count)), [x], suffix: "parts")
      var results: [ValueID] = []
      for (k, part) in parts.enumerated() {
        results.append(
          try sketch.one(Reshape(target: extents), [part], suffix: k == 0 ? "" : "part\(k)"))
      }
      return results
    },
    KerasRule(["op:Resize", "TFOpLambda:image.resize"]) {
      (layer, inputs, sketch) throws(FormatError) -> [ValueID] in
      let flags = [
        ("antialias", 4), ("preserve_aspect_ratio", 3), ("crop_to_aspect_ratio", 4),
        ("pad_to_aspect_ratio", 5),
      ]
      for (flag, position) in flags where layer.argument(flag, position)?.bool ?? false {
        throw FormatError(.unsupported("'\(flag)' isn't supported"))
      }
      guard let size = layer.argument("size", 1)?.ints, size.count == 2,
        size.allSatisfy({ $0 > 0 && $0.magnitude <= KerasLayer.largestNumber })
      else { throw FormatError(.missingAttribute("size")) }
      let name = (layer.argument("interpolation", 2) ?? layer.argument("method", 2))?.string
      let isFirst = layer.argument("data_format", 8)?.string == "channels_first"
      return try sketch.apply(
        Resize(
          kind: KerasLayer.resizing(name ?? "bilinear"), target: .sizes(size),
          layout: isFirst ? .channelsFirst : .channelsLast),
        [sketch.image(inputs, spatialRank: 2)])
    },
  ]

  /// An axis behind the batch, from the first.
  private static func partAxis(
    _ layer: KerasLayer, _ name: String, _ position: Int, rank: Int
  ) throws(FormatError) -> Int {
    let given = layer.argument(name, position)?.int ?? 0
    let axis = given < 0 ? given + rank : given
    guard axis > 0, axis < rank else {
      throw FormatError(
        .badAttribute(name, value: "\(given)", expected: "an axis of \(rank) after the batch"))
    }
    return axis
  }

  /// The extents of the parts: equal ones, as Keras 3 by where they begin, or as TensorFlow by sizes.
  private static func partSizes(_ layer: KerasLayer, _ extent: Int) throws(FormatError) -> [Int] {
    let starts = layer.argument("indices_or_sections", 1)
    guard let given = starts ?? layer.argument("num_or_size_splits", 1) else {
      throw FormatError(.missingAttribute("indices_or_sections"))
    }
    var sizes: [Int] = []
    if let count = given.int, given.list == nil {
      if count > 0, extent % count == 0 {
        sizes = [Int](repeating: extent / count, count: count)
      }
    } else if let numbers = given.ints {
      if layer.className.hasPrefix("op:") {
        sizes = zip(numbers + [extent], [0] + numbers).map { $0 - $1 }
      } else {
        let rest = extent - numbers.reduce(0) { $0 + max($1, 0) }
        sizes = numbers.map { $0 == -1 ? rest : $0 }
      }
    }
    guard !sizes.isEmpty, sizes.allSatisfy({ $0 > 0 }), sizes.reduce(0, +) == extent else {
      throw FormatError(
        .badAttribute(
          "indices_or_sections", value: given.json(), expected: "parts of \(extent) positions"))
    }
    return sizes
  }

  private static func knownExtents(of x: ValueID, _ sketch: borrowing Sketch)
    throws(FormatError) -> [Int]
  {
    guard let extents = sketch.type(of: x).fixedShapeAfterBatch else {
      throw FormatError(.unsupported("the extents aren't known"))
    }
    return extents
  }
}

extension KerasLayer {
  /// How an image is scaled, by the name that Keras and TensorFlow have for it.
  static func resizing(_ interpolation: String) throws(FormatError) -> ResizeKernel {
    switch interpolation {
    case "nearest": return .nearestHalfPixelCeil
    case "bilinear": return .linearHalfPixel
    case let other: throw FormatError(.unsupported("interpolation '\(other)' isn't supported"))
    }
  }
}
