public import ECGraph
import ECTensor

/// Transposed convolution; the kernel is `[i, o, kh, kw]`.
///
/// Source: ONNX ConvTranspose 1-22; Keras Conv2DTranspose.
public struct TransposedConvolution: UncountedOperator {
  var geometry: WindowGeometry
  /// Cells added at the end of the result, per picture axis.
  var outputPadding: [Int]
  var layout: ImageLayout

  public var name: String { "ConvTranspose" }

  var spatialRank: Int { geometry.size.count }

  public var axes: AxisSignature {
    let x = layout.letters(channel: "i", spatialRank: spatialRank)
    let y = layout.letters(channel: "o", spatialRank: spatialRank, prime: "'")
    return AxisSignature("\(x), i o \(tapLetters(spatialRank)), o? -> \(y)")
  }

  public var attributeText: String { geometry.text + " outputPadding=\(outputPadding)" }

  private func outputSize(_ extents: [Int?]) -> [Int?] {
    guard let pads = geometry.pads(extents) else { return extents.map { _ in nil } }
    return extents.indices.map { k in
      extents[k].map {
        ($0 - 1) * geometry.strides[k] + (geometry.size[k] - 1) * geometry.dilations[k] + 1
          - pads.begin[k] - pads.end[k] + outputPadding[k]
      }
    }
  }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let extents = try axes.bind(operands)
    let x = try operands.type(0)
    let size = outputSize(layout.spatialExtents(x))
    guard size.allSatisfy({ $0 ?? 1 >= 1 }) else { throw GraphError(.emptyResult) }
    return [layout.type(like: x, channels: extents["o"] ?? .symbolic(""), spatial: size)]
  }

  public func macs(_ operands: Operands, results: [ValueType]) -> Int {
    let taps = operands.types[1]?.shape.compactMap(\.value).reduce(1, *) ?? 0
    let extents = operands.types[0].map { layout.spatialExtents($0) } ?? []
    return taps * extents.reduce(1) { $0 * ($1 ?? 1) }
  }

  public func couple(_ coupling: inout Coupling) {
    guard coupling.operands.constants[1] != nil else {
      return coupling.barrier("its kernel is computed")
    }
    coupling.follow(axes, reducing: "the picture is mixed across channels")
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0], let weights = values[1] else { throw GraphError(.missingOperand(0)) }
    let extents = layout.spatialAxes(rank: x.shape.count).map { x.shape[$0] }
    return [
      builder.transposedConvolution(
        x, weights: weights, bias: values.count > 2 ? values[2] : nil,
        window: geometry.window(extents), outputPadding: outputPadding, groups: 1, layout: layout)
    ]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    guard layout == .channelsFirst, let x = context.operands.types[0] else { return nil }
    var attributes = convolutionAttributes(geometry, x, layout, groups: 1)
    if outputPadding.contains(where: { $0 != 0 }) {
      attributes["output_padding"] = .ints(outputPadding)
    }
    return ExportedNodes(
      FormatNode("ConvTranspose", attributes: attributes, inputs: operandList(context)))
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? { nil }
}

extension TransposedConvolution: ImageOperator {}
