public import ECGraph
import ECTensor

/// Enlarges or shrinks the picture.
///
/// Source: ONNX Upsample 7-9, Resize 10-19; Keras UpSampling2D, Resizing.
public struct Resize: UncountedOperator, UncontractedOperator {
  /// How pixels are found.
  let sampling: Sampling
  /// Whole factors per picture axis, or the wanted extents.
  let target: Target
  var layout: ImageLayout

  /// How the pixels of the result are found.
  enum Sampling: Sendable, Hashable {
    /// As a kernel computes it.
    case kernel(ResizeKernel)
    /// By weights that are worked out for each axis.
    case weighted(Interpolation)
  }

  enum Target: Sendable, Hashable {
    case scales([Int])
    case sizes([Int])
    /// Fractions; places are found by them even where a pixel is cut off at the end.
    case fractions([Float])
  }

  init(kind: ResizeKernel, target: Target, layout: ImageLayout) {
    self.init(sampling: .kernel(kind), target: target, layout: layout)
  }

  init(sampling: Sampling, target: Target, layout: ImageLayout) {
    self.sampling = sampling
    self.target = target
    self.layout = layout
  }

  public var name: String { "Resize" }

  public var axes: AxisSignature {
    AxisSignature("\(layout.of("n c h w")) -> \(layout.of("n c h' w'"))")
  }

  public var attributeText: String {
    switch sampling {
    case .kernel(let kind): "\(kind) \(target)"
    case .weighted(let interpolation): "\(interpolation.text) \(target)"
    }
  }

  private func size(_ extents: [Int?]) -> [Int?] {
    switch target {
    case .scales(let scales):
      zip(extents, scales).map { extent, scale in extent.map { $0 * scale } }
    case .sizes(let sizes): sizes
    case .fractions(let scales):
      zip(extents, scales).map { extent, scale in extent.map { Int(Float($0) * scale) } }
    }
  }

  /// The factors by which the axes grow.
  private func scales(_ extents: [Int]) -> [Float] {
    switch target {
    case .scales(let scales): scales.map { Float($0) }
    case .sizes(let sizes): zip(sizes, extents).map { Float($0) / Float($1) }
    case .fractions(let scales): scales
    }
  }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    _ = try axes.bind(operands)
    let x = try operands.type(0)
    return [
      layout.type(
        like: x, channels: x.shape[layout.channelAxis(rank: x.rank)],
        spatial: size(layout.spatialExtents(x)))
    ]
  }

  public func couple(_ coupling: inout Coupling) {
    coupling.follow(axes, reducing: "the picture is mixed across channels")
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0] else { throw GraphError(.missingOperand(0)) }
    let places = layout.spatialAxes(rank: 4)
    let extents = places.map { x.shape[$0] }
    let size = size(extents.map { $0 }).compactMap { $0 }
    switch sampling {
    case .kernel(let kind): return [builder.resize(kind, x, size: size, layout: layout)]
    case .weighted(let interpolation):
      var result = x
      for (k, axis) in places.enumerated() {
        let line = Interpolation.Line(
          given: extents[k], wanted: size[k], scale: scales(extents)[k])
        result = interpolation.apply(to: result, axis: axis, line, builder)
      }
      return [result]
    }
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    guard layout == .channelsFirst, let x = context.operands.types[0] else { return nil }
    if case .weighted(let form) = sampling, !form.isSayable(opset: context.opset) { return nil }
    let attributes = sampling.attributes
    let factors: [Float]
    switch target {
    case .scales(let scales): factors = scales.map { Float($0) }
    case .fractions(let scales): factors = scales
    case .sizes(let sizes):
      // Written as factors where possible, so that no channel count is spelled.
      let extents = layout.spatialExtents(x).compactMap { $0 }
      guard extents.count == sizes.count else { return nil }
      let exact = zip(sizes, extents).map { Float($0) / Float($1) }
      if !zip(sizes, extents).allSatisfy({ $0 % $1 == 0 }) {
        if context.opset >= 13 { return nodes(sizes: sizes, attributes, opset: context.opset) }
        guard zip(sizes, zip(extents, exact)).allSatisfy({ $0 == Int(Float($1.0) * $1.1) }) else {
          return nil
        }
      }
      factors = exact
    }
    let scales = FormatOperand.constant(Tensor([1, 1] + factors, shape: [4]), suffix: "scales")
    if context.opset >= 11 {
      // The region may be absent from opset 13 on.
      let region: FormatOperand =
        context.opset >= 13
        ? .absent : .constant(Tensor([Float](), shape: [0]), suffix: "region")
      return ExportedNodes(
        FormatNode("Resize", attributes: attributes, inputs: [.operand(0), region, scales]))
    }
    return oldNodes(factors, scales, opset: context.opset)
  }

  /// With the extents of the picture spelled, but not those of batch and channels.
  private func nodes(sizes: [Int], _ attributes: FormatObject, opset: Int) -> ExportedNodes {
    func vector(_ numbers: [Int], _ suffix: String) -> FormatOperand {
      .constant(Tensor(numbers, shape: [numbers.count]), suffix: suffix)
    }
    if opset >= 18 {
      var attributes = attributes
      attributes["axes"] = .ints([2, 3])
      return ExportedNodes(
        FormatNode(
          "Resize", attributes: attributes,
          inputs: [.operand(0), .absent, .absent, vector(sizes, "sizes")]))
    }
    // The batch and the channels are read at run time.
    return ExportedNodes(
      FormatNode("Shape", inputs: [.operand(0)]),
      FormatNode(
        "Slice", inputs: [.intermediate(0), vector([0], "starts"), vector([2], "ends")]),
      FormatNode(
        "Concat", attributes: ["axis": .int(0)],
        inputs: [.intermediate(1), vector(sizes, "picture")]),
      FormatNode(
        "Resize", attributes: attributes,
        inputs: [.operand(0), .absent, .absent, .intermediate(2)]))
  }

  /// Before opset 11 pictures only grow: by whole factors as the nearest pixel says, or by weights
  /// of neighbours from the corner on.
  private func oldNodes(
    _ factors: [Float], _ scales: FormatOperand, opset: Int
  ) -> ExportedNodes? {
    let isNearest = sampling == .kernel(.nearestFloorAsymmetric)
    guard isNearest || sampling == .weighted(.linearFromCorner), factors.allSatisfy({ $0 >= 1 })
    else { return nil }
    var node = FormatNode(
      opset == 10 ? "Resize" : "Upsample",
      attributes: ["mode": .string(isNearest ? "nearest" : "linear")], inputs: [.operand(0)])
    if opset >= 9 {
      node.inputs.append(scales)
    } else {
      node.attributes["scales"] = .list(([1, 1] + factors).map { .float(Double($0)) })
    }
    return ExportedNodes(node)
  }
}

extension Resize: ImageOperator {
  var spatialRank: Int { 2 }
}

extension Resize.Sampling {
  /// The attributes of ONNX Resize from opset 11 on.
  fileprivate var attributes: FormatObject {
    let interpolation: Interpolation
    switch self {
    case .kernel(.nearestFloorAsymmetric):
      interpolation = Interpolation(mode: .nearest(.floor), coordinates: .asymmetric)
    case .kernel(.nearestHalfPixelCeil):
      interpolation = Interpolation(mode: .nearest(.roundPreferCeil), coordinates: .halfPixel)
    case .kernel(.linearHalfPixel):
      interpolation = Interpolation(mode: .linear, coordinates: .halfPixel)
    case .weighted(let given): interpolation = given
    }
    return interpolation.attributes
  }
}
