public import ECGraph
import ECTensor

/// Enlarges or shrinks the picture.
///
/// Source: ONNX Resize 13-19; Keras UpSampling2D, Resizing.
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
    return ExportedNodes(
      FormatNode(
        "Resize", attributes: attributes,
        inputs: [
          .operand(0), .absent, .constant(Tensor([1, 1] + factors, shape: [4]), suffix: "scales"),
        ]))
  }
}

extension Resize: ImageOperator {
  var spatialRank: Int { 2 }
}
