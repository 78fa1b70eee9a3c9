public import ECGraph
import ECTensor

/// Enlarges or shrinks the picture.
///
/// Source: ONNX Upsample 7-9, Resize 10-19; Keras UpSampling2D, Resizing.
public struct Resize: UncountedOperator, UncontractedOperator {
  /// How pixels are interpolated.
  public let kind: ResizeKernel
  /// Whole factors per picture axis, or the wanted extents.
  let target: Target
  var layout: ImageLayout

  enum Target: Sendable, Hashable {
    case scales([Int])
    case sizes([Int])
  }

  public var name: String { "Resize" }

  public var axes: AxisSignature {
    AxisSignature("\(layout.of("n c h w")) -> \(layout.of("n c h' w'"))")
  }

  public var attributeText: String { "\(kind) \(target)" }

  private func size(_ extents: [Int?]) -> [Int?] {
    switch target {
    case .scales(let scales):
      zip(extents, scales).map { extent, scale in extent.map { $0 * scale } }
    case .sizes(let sizes): sizes
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
    let extents = layout.spatialAxes(rank: 4).map { x.shape[$0] }
    return [
      builder.resize(kind, x, size: size(extents.map { $0 }).compactMap { $0 }, layout: layout)
    ]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    guard layout == .channelsFirst, let x = context.operands.types[0] else { return nil }
    var attributes: FormatObject
    switch kind {
    case .nearestFloorAsymmetric:
      attributes = [
        "coordinate_transformation_mode": .string("asymmetric"), "mode": .string("nearest"),
        "nearest_mode": .string("floor"),
      ]
    case .nearestHalfPixelCeil:
      attributes = [
        "coordinate_transformation_mode": .string("half_pixel"), "mode": .string("nearest"),
        "nearest_mode": .string("round_prefer_ceil"),
      ]
    case .linearHalfPixel:
      attributes = [
        "coordinate_transformation_mode": .string("half_pixel"), "mode": .string("linear"),
      ]
    }
    attributes.sort { $0.key < $1.key }
    let factors: [Float]
    switch target {
    case .scales(let scales): factors = scales.map(Float.init)
    case .sizes(let sizes):
      // Written as factors where possible, so that no channel count is spelled.
      let extents = layout.spatialExtents(x).compactMap { $0 }
      guard extents.count == sizes.count else { return nil }
      let exact = zip(sizes, extents).map { Float($0) / Float($1) }
      let isExact = zip(sizes, extents).allSatisfy { $0 % $1 == 0 }
      if !isExact {
        func vector(_ numbers: [Int], _ suffix: String) -> FormatOperand {
          .constant(Tensor(numbers, shape: [numbers.count]), suffix: suffix)
        }
        if context.opset >= 18 {
          attributes["axes"] = .ints([2, 3])
          return ExportedNodes(
            FormatNode(
              "Resize", attributes: attributes,
              inputs: [.operand(0), .absent, .absent, vector(sizes, "sizes")]))
        }
        if context.opset < 13 { return nil }
        // The batch and the channels are read at run time, so that neither is spelled.
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

  /// Before opset 11 pictures only grow by whole factors, as the nearest pixel says.
  private func oldNodes(
    _ factors: [Float], _ scales: FormatOperand, opset: Int
  ) -> ExportedNodes? {
    guard kind == .nearestFloorAsymmetric, factors.allSatisfy({ $0 >= 1 }) else { return nil }
    var node = FormatNode(
      opset == 10 ? "Resize" : "Upsample", attributes: ["mode": .string("nearest")],
      inputs: [.operand(0)])
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
