public import ECGraph
import ECOperators
import ECTensor

/// Folds batch normalization into the convolution or dense layer before it.
///
///     c = Conv(x, W, b)   y = BatchNorm(c, …)     becomes     y = Conv(x, W·s, b·s + t)
///
/// with `s = gamma / sqrt(variance + epsilon)` and `t = beta - mean · s`, computed in double and rounded
/// to the element type of the weights. Only where the normalization is the only reader. Holds after: the convolution's result has
/// the normalization's name.
public struct FoldBatchNorm: Pass {
  public let name = "fold-batch-norm"
  public let summary = "folds batch normalization into the layer before it"

  /// Makes the pass.
  public init() {}

  public func run(on graph: inout Graph) throws(PassError) -> PassReport {
    let readers = graph.consumers()
    var folded: Set<NodeID> = []
    for node in graph.nodes {
      guard let norm = node.op as? BatchNorm, let input = node.inputs[0],
        let producer = graph[input].producer, !graph.outputs.contains(input),
        readers[input]?.count == 1,
        let op = graph[producer].op as? any ScalableOperator,
        op.channelAxis(rank: norm.rank) == norm.axis
      else { continue }
      let layer = graph[producer]
      // Scaled weights would no longer be whole numbers.
      guard let weightsID = layer.inputs[1], let weights = graph.constant(weightsID),
        weights.quantization == nil,
        let affine = try? norm.affine(graph.operands(of: node))
      else { continue }
      let biasID = layer.inputs.count > 2 ? layer.inputs[2] : nil
      if biasID != nil && graph.constant(biasID) == nil { continue }
      let type = weights.elementType
      let scaled = FoldBatchNorm.scale(weights, axis: op.producerAxis, by: affine.scale)
        .rounded(to: type)
      let bias = FoldBatchNorm.bias(graph.constant(biasID), affine)
        .rounded(to: type)
      replace(weightsID, operand: 1, of: layer, with: scaled, suffix: "kernel", readers, &graph)
      replace(biasID, operand: 2, of: layer, with: bias, suffix: "bias", readers, &graph)
      let name = graph[node.outputs[0]].name
      graph.replaceUses(of: node.outputs[0], with: input)
      folded.insert(node.id)
      graph.rename(node.outputs[0], to: "\(name)/folded")
      graph.rename(input, to: name)
    }
    graph.remove(folded)
    return PassReport(changes: folded.count)
  }

  /// Gives a layer another constant; one that other nodes read too is left to them.
  private func replace(
    _ id: ValueID?, operand: Int, of layer: Node, with tensor: Tensor, suffix: String,
    _ readers: [ValueID: [(node: NodeID, operand: Int)]], _ graph: inout Graph
  ) {
    if let id, readers[id]?.count == 1, !graph.outputs.contains(id) {
      graph.setConstant(id, tensor)
    } else {
      graph.setInput(layer.id, operand, graph.addConstant("\(layer.name)/\(suffix)", tensor))
    }
  }

  private static func bias(
    _ bias: Tensor?, _ affine: (scale: [Double], shift: [Double])
  ) -> Tensor {
    let old = bias?.floats() ?? [Float](repeating: 0, count: affine.scale.count)
    let new = old.indices.map { Float(Double(old[$0]) * affine.scale[$0] + affine.shift[$0]) }
    return Tensor(new, shape: [new.count])
  }

  /// Multiplies the slices of one axis by factors, in double.
  static func scale(_ tensor: Tensor, axis: Int, by factors: [Double]) -> Tensor {
    let shape = tensor.shape
    let inner = shape[(axis + 1)...].reduce(1, *)
    let extent = shape[axis]
    // One copy in row-major order, scaled in place.
    return Tensor(shape: shape) { target in
      tensor.asFloat32().copyElements(into: UnsafeMutableRawBufferPointer(target))
      guard let base = target.baseAddress else { return }
      for block in 0..<(target.count / max(inner, 1)) {
        let factor = factors[block % extent]
        let row = base + block * inner
        for k in 0..<inner { row[k] = Float(Double(row[k]) * factor) }
      }
    }
  }
}
