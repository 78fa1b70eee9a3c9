public import ECGraph
import ECTensor

/// Transposed convolution; the kernel is `[i, o / groups, kh, kw]`.
///
/// Source: ONNX ConvTranspose 1-22; Keras Conv2DTranspose.
public struct TransposedConvolution: Operator {
  var geometry: WindowGeometry
  /// Cells added at the end of the result, per picture axis.
  var outputPadding: [Int]
  /// The number of groups.
  var groups = 1
  var layout: ImageLayout

  public var name: String { "ConvTranspose" }

  var spatialRank: Int { geometry.size.count }

  public var axes: AxisSignature {
    let x = layout.letters(channel: "i", spatialRank: spatialRank)
    let made = groups == 1 ? "o" : "go"
    let y = layout.letters(channel: made, spatialRank: spatialRank, prime: "'")
    return AxisSignature("\(x), i o \(tapLetters(spatialRank)), \(made)? -> \(y)")
  }

  public var attributeText: String {
    geometry.text + " outputPadding=\(outputPadding)" + (groups == 1 ? "" : " groups=\(groups)")
  }

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
    if let read = extents["i"]?.value, read % groups != 0 {
      throw GraphError(.refused("\(read) channels can't be parted into \(groups) groups"))
    }
    let made = extents["o"]?.value.map { Dimension.fixed($0 * groups) } ?? .symbolic("")
    let size = outputSize(layout.spatialExtents(x))
    guard size.allSatisfy({ $0 ?? 1 >= 1 }) else { throw GraphError(.emptyResult) }
    return [layout.type(like: x, channels: made, spatial: size)]
  }

  public func macs(_ operands: Operands, results: [ValueType]) -> Int {
    let taps = operands.types[1]?.elementCountOfSample ?? 0
    let extents = operands.types[0].map { layout.spatialExtents($0) } ?? []
    return extents.reduce(taps) { $0.times($1 ?? 1) }
  }

  public func couple(_ coupling: inout Coupling) {
    guard coupling.operands.constants[1] != nil else {
      return coupling.barrier("its kernel is computed")
    }
    if groups == 1 {
      return coupling.follow(axes, reducing: "the picture is mixed across channels")
    }
    coupling.group(groups, layout, inputAxis: 0, outputAxis: 1)
  }

  public func cut(_ cut: Cut) throws(GraphError) -> any Operator {
    var other = self
    other.groups = try cut.groups(groups, layout, perGroup: nil)
    return other
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0], let weights = values[1] else { throw GraphError(.missingOperand(0)) }
    let extents = layout.spatialAxes(rank: x.shape.count).map { x.shape[$0] }
    return [
      builder.transposedConvolution(
        x, weights: weights, bias: values.count > 2 ? values[2] : nil,
        window: geometry.window(extents), outputPadding: outputPadding, groups: groups,
        layout: layout)
    ]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    guard layout == .channelsFirst, let x = context.operands.types[0] else { return nil }
    var attributes = convolutionAttributes(geometry, x, layout, groups: groups)
    if outputPadding.contains(where: { $0 != 0 }) {
      attributes["output_padding"] = .ints(outputPadding)
    }
    return ExportedNodes(
      FormatNode("ConvTranspose", attributes: attributes, inputs: operandList(context)))
  }
}

extension TransposedConvolution: ImageOperator {}
