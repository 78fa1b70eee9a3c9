import ECGraph
import ECTensor

/// Resizing of ONNX: Upsample 7-9, Resize 10-19.
extension OperatorTable {
  static let onnxResizeRules: [ONNXRule] = ["Resize", "Upsample"].map { type in
    ONNXRule(type) { (node, inputs, sketch) throws(FormatError) -> [ValueID] in
      let x = try node.operand(inputs, 0)
      let extents = sketch.type(of: x).shape
      guard extents.count == 4 else {
        throw FormatError(.unsupported("\(type) of \(extents.count) axes isn't supported"))
      }
      let target = try resizeTarget(node, inputs, extents, sketch)
      let sampling = try resizeSampling(node, target, extents)
      return try sketch.apply(
        Resize(sampling: sampling, target: target, layout: .channelsFirst), [x])
    }
  }

  /// What becomes of the picture; the batch and the channels stay.
  private static func resizeTarget(
    _ node: ONNXNode, _ inputs: [ValueID?], _ extents: [Dimension], _ sketch: Sketch
  ) throws(FormatError) -> Resize.Target {
    let scalesPosition = node.type == "Upsample" || node.opset == 10 ? 1 : 2
    let axes = node.ints("axes") ?? Array(0..<4)
    if node.opset >= 11, let sizes = try resizeSizes(inputs, sketch) {
      var picture: [Int?] = [extents[2].value, extents[3].value]
      for (axis, size) in zip(axes, sizes) {
        let axis = try node.axis(axis, rank: 4)
        if axis >= 2 {
          picture[axis - 2] = size.value
        } else if extents[axis].value.map({ .fixed($0) != size }) ?? (axis == 1) {
          throw FormatError(.unsupported("resizing across channels isn't supported"))
        }
      }
      let fits = node.string("keep_aspect_ratio_policy", default: "stretch") == "stretch"
      guard let h = picture[0], let w = picture[1], fits else {
        throw FormatError(.unsupported("these sizes of Resize aren't supported"))
      }
      return .sizes([h, w])
    }
    let given = try sketch.constant(inputs, scalesPosition)?.floats()
    let stated = node.attributes["scales"]?.list?.compactMap(\.double).map { Float($0) }
    guard let factors = given ?? stated, factors.count == axes.count else {
      throw FormatError(.unsupported("\(node.type) needs scales or sizes"))
    }
    var scales: [Float] = [1, 1, 1, 1]
    for (axis, factor) in zip(axes, factors) { scales[try node.axis(axis, rank: 4)] = factor }
    guard scales[0] == 1, scales[1] == 1 else {
      throw FormatError(.unsupported("resizing across channels isn't supported"))
    }
    if scales.allSatisfy({ $0 >= 1 && $0 == $0.rounded() && $0 < 65_536 }) {
      return .scales([Int(scales[2]), Int(scales[3])])
    }
    guard let h = extents[2].value, let w = extents[3].value else {
      throw FormatError(.unsupported("resizing by a fraction needs known extents"))
    }
    let sizes = [Float(h) * scales[2], Float(w) * scales[3]].map { $0.rounded(.down) }
    guard sizes.allSatisfy({ $0 >= 1 && $0 < 16_777_216 }) else {
      throw FormatError(.graph(GraphError(.emptyResult)))
    }
    // A result that isn't exactly so much larger is sampled by the factor, not by the extents.
    guard [h, w].indices.allSatisfy({ sizes[$0] == Float([h, w][$0]) * scales[$0 + 2] }) else {
      return .fractions([scales[2], scales[3]])
    }
    return .sizes(sizes.map { Int($0) })
  }

  /// The extents that the result has, of which that of the batch may be for the run to tell.
  private static func resizeSizes(
    _ inputs: [ValueID?], _ sketch: Sketch
  ) throws(FormatError) -> [Dimension]? {
    guard inputs.count > 3, let operand = inputs[3] else { return nil }
    guard let sizes = sketch.extents(of: operand) else {
      throw FormatError(.graph(GraphError(.notConstant(operand: 3))))
    }
    return sizes.isEmpty ? nil : sizes
  }

  /// How pixels are found: by a kernel where one does the same, else by weights.
  private static func resizeSampling(
    _ node: ONNXNode, _ target: Resize.Target, _ extents: [Dimension]
  ) throws(FormatError) -> Resize.Sampling {
    let factors = wholeFactors(target, extents)
    let mode = node.string("mode", default: "nearest")
    if node.type == "Upsample" || node.opset == 10 {
      // Shrinking rounds otherwise here.
      switch (mode, factors) {
      case ("nearest", .some): return .kernel(.nearestFloorAsymmetric)
      case ("linear", .some): return .weighted(.linearFromCorner)
      default:
        throw FormatError(.unsupported("\(node.type) in mode \(mode) isn't supported here"))
      }
    }
    let interpolation = try Interpolation(node)
    if case .fractions = target { return .weighted(interpolation) }
    var plain = interpolation
    if plain.coordinates == .pytorchHalfPixel && !isSingle(target, extents) {
      plain.coordinates = .halfPixel
    }
    return plain.kernel(factors: factors).map { .kernel($0) } ?? .weighted(interpolation)
  }

  /// The factors by which the picture grows, where they are whole.
  private static func wholeFactors(_ target: Resize.Target, _ extents: [Dimension]) -> [Int]? {
    switch target {
    case .scales(let scales): return scales
    case .fractions: return nil
    case .sizes(let sizes):
      let known = extents[2...].compactMap(\.value)
      guard known.count == 2, zip(sizes, known).allSatisfy({ $0 % $1 == 0 }) else { return nil }
      return zip(sizes, known).map { $0 / $1 }
    }
  }

  /// Whether the result may have one pixel along an axis, of which one coordinate mode makes a case.
  private static func isSingle(_ target: Resize.Target, _ extents: [Dimension]) -> Bool {
    switch target {
    case .scales(let scales):
      zip(scales, extents[2...]).contains { $0 == 1 && ($1.value ?? 1) == 1 }
    case .sizes(let sizes): sizes.contains(1)
    case .fractions: true
    }
  }
}
