public import ECGraph
import ECTensor

/// Convolution: `y[n,o,h',w'] = Σ x[n,i,…] · kernel[o,i,kh,kw] + bias[o]`, in 1 to 3 picture axes.
///
/// With groups, output channels of one group read the input channels of that group only.
/// Source: ONNX Conv 1-22; Keras Conv1D, Conv2D, Conv3D, SeparableConv2D.
public struct Convolution: Operator {
  var geometry: WindowGeometry
  /// The number of groups; the kernel's axis i has `channels / groups` positions.
  var groups: Int
  var layout: ImageLayout

  public var name: String { "Conv" }

  var spatialRank: Int { geometry.size.count }

  public var axes: AxisSignature {
    let x = layout.letters(channel: groups == 1 ? "i" : "gi", spatialRank: spatialRank)
    let y = layout.letters(channel: "o", spatialRank: spatialRank, prime: "'")
    return AxisSignature("\(x), o i \(tapLetters(spatialRank)), o? -> \(y)")
  }

  public var attributeText: String {
    geometry.text + (groups == 1 ? "" : " groups=\(groups)")
      + (layout == .channelsLast ? " nhwc" : "")
  }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    let extents = try axes.bind(operands)
    let x = try operands.type(0)
    let weights = try operands.type(1)
    let channels = x.shape[layout.channelAxis(rank: x.rank)].value ?? 0
    if groups > 1, let local = weights.shape[1].value, local * groups != channels {
      throw GraphError(.axisDiffers(letter: "i", first: local * groups, second: channels))
    }
    if let made = weights.shape[0].value, made % groups != 0 {
      throw GraphError(.refused("\(made) output channels can't be parted into \(groups) groups"))
    }
    let size = try geometry.outputSize(layout.spatialExtents(x))
    return [layout.type(like: x, channels: extents["o"] ?? .symbolic(""), spatial: size)]
  }

  public func macs(_ operands: Operands, results: [ValueType]) -> Int {
    let taps = operands.types[1]?.elementCountOfSample ?? 0
    return layout.spatialExtents(results[0]).reduce(taps) { $0.times($1 ?? 1) }
  }

  public func couple(_ coupling: inout Coupling) {
    guard coupling.operands.constants[1] != nil else {
      return coupling.barrier("its kernel is computed")
    }
    if groups == 1 {
      return coupling.follow(axes, reducing: "the picture is mixed across channels")
    }
    coupling.group(groups, layout, inputAxis: 1, outputAxis: 0)
  }

  public func cut(_ cut: Cut) throws(GraphError) -> any Operator {
    var other = self
    other.groups = try cut.groups(groups, layout, perGroup: 1)
    return other
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0], let weights = values[1] else { throw GraphError(.missingOperand(0)) }
    let extents = layout.spatialAxes(rank: x.shape.count).map { x.shape[$0] }
    return [
      builder.convolution(
        x, weights: weights, bias: values.count > 2 ? values[2] : nil,
        window: geometry.window(extents), groups: groups, layout: layout)
    ]
  }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    guard layout == .channelsFirst, let x = context.operands.types[0] else { return nil }
    return ExportedNodes(
      FormatNode(
        "Conv", attributes: convolutionAttributes(geometry, x, layout, groups: groups),
        inputs: operandList(context)))
  }
}

/// The ONNX attributes of Conv and its kin.
func convolutionAttributes(
  _ geometry: WindowGeometry, _ x: ValueType, _ layout: ImageLayout, groups: Int
) -> FormatObject {
  var attributes = geometry.attributes(layout.spatialExtents(x))
  attributes["group"] = .int(groups)
  attributes.sort { $0.key < $1.key }
  return attributes
}

/// The operands that are there, in order, without trailing absent ones.
func operandList(_ context: ExportContext) -> [FormatOperand] {
  var list: [FormatOperand] = context.operands.types.indices.map {
    context.operands.has($0) ? .operand($0) : .absent
  }
  while case .absent? = list.last { list.removeLast() }
  return list
}

extension Convolution: ImageOperator {}
