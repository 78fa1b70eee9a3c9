public import ECGraph
import ECTensor

/// Moves blocks of pixels into channels, or channels into blocks of pixels; images are
/// `[n, c, h, w]`.
///
/// Source: ONNX DepthToSpace 1-13, SpaceToDepth 1-13.
public struct BlockRearrangement: UncountedOperator, UncontractedOperator {
  /// Where the elements go.
  public enum Direction: String, Sendable, Hashable {
    /// Channel `(i·b + j)·c' + k` gives pixel (i, j) of the blocks of channel k (mode DCR).
    case depthFirst
    /// Channel `k·b² + i·b + j` gives pixel (i, j) of the blocks of channel k (mode CRD).
    case columnFirst
    /// Pixel (i, j) of the blocks of channel k gives channel `(i·b + j)·c + k`.
    case toDepth
  }

  /// Where the elements go.
  public let direction: Direction
  /// The extent of a block.
  public let block: Int

  public var name: String { direction == .toDepth ? "SpaceToDepth" : "DepthToSpace" }
  public var axes: AxisSignature { "n c h w -> n c' h' w'" }
  public var attributeText: String { "\(direction) block=\(block)" }

  public func infer(_ operands: Operands) throws(GraphError) -> [ValueType] {
    _ = try axes.bind(operands)
    let x = try operands.type(0)
    guard (1...1 << 10).contains(block) else {
      throw GraphError(.refused("blocks of \(block) can't be moved"))
    }
    func scaled(_ extent: Dimension, by factor: Int, multiplies: Bool) throws(GraphError)
      -> Dimension
    {
      guard let extent = extent.value else { return .symbolic("") }
      guard multiplies || extent % factor == 0 else {
        throw GraphError(.refused("an extent of \(extent) isn't a multiple of \(factor)"))
      }
      return .fixed(multiplies ? extent * factor : extent / factor)
    }
    let grows = direction == .toDepth
    return [
      ValueType(
        x.elementType,
        [
          x.shape[0], try scaled(x.shape[1], by: block * block, multiplies: grows),
          try scaled(x.shape[2], by: block, multiplies: !grows),
          try scaled(x.shape[3], by: block, multiplies: !grows),
        ])
    ]
  }

  public func couple(_ coupling: inout Coupling) {
    guard let labels = coupling.labels[0], !labels.isNone,
      let channels = coupling.operands.types[0]?.shape[1].value
    else { return }
    guard let ids = labels.vector(axis: 1, count: channels) else {
      return coupling.barrier("its channels stand along several axes here")
    }
    let taps = block * block
    if direction == .toDepth {
      let made = (0..<taps).flatMap { _ in ids }
      return coupling.setResult(0, .along(axis: 1, rank: 4, made))
    }
    let count = channels / taps
    func channel(_ k: Int, _ tap: Int) -> Int {
      direction == .depthFirst ? tap * count + k : k * taps + tap
    }
    let first = (0..<count).map { ids[channel($0, 0)] }
    for tap in 1..<max(taps, 2) where tap < taps {
      coupling.unite(first, (0..<count).map { ids[channel($0, tap)] })
    }
    coupling.setResult(0, .along(axis: 1, rank: 4, first))
  }

  public func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout {
    .keeps
  }

  public func lower(
    _ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder
  ) throws(GraphError) -> [KernelValue] {
    guard let x = values[0] else { throw GraphError(.missingOperand(0)) }
    let (n, c, h, w, b) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3], block)
    switch direction {
    case .depthFirst:
      let split = builder.reshape(x, [n, b, b, c / (b * b), h, w])
      return [
        builder.reshape(
          builder.transpose(split, [0, 3, 4, 1, 5, 2]), [n, c / (b * b), h * b, w * b])
      ]
    case .columnFirst:
      let split = builder.reshape(x, [n, c / (b * b), b, b, h, w])
      return [
        builder.reshape(
          builder.transpose(split, [0, 1, 4, 2, 5, 3]), [n, c / (b * b), h * b, w * b])
      ]
    case .toDepth:
      let split = builder.reshape(x, [n, c, h / b, b, w / b, b])
      return [
        builder.reshape(
          builder.transpose(split, [0, 3, 5, 1, 2, 4]), [n, c * b * b, h / b, w / b])
      ]
    }
  }

  public func kerasLayers(_ context: LayerContext) -> ExportedLayers? { nil }

  public func onnxNodes(_ context: ExportContext) -> ExportedNodes? {
    var attributes: FormatObject = ["blocksize": .int(block)]
    if direction == .columnFirst {
      guard context.opset >= 11 else { return nil }
      attributes["mode"] = .string("CRD")
    }
    return ExportedNodes(FormatNode(name, attributes: attributes, inputs: [.operand(0)]))
  }
}
