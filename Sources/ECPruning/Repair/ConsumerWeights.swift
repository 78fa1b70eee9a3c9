import ECCentrality
import ECGraph
import ECTensor

/// The weights of one consumer as a repair sees them: `[repeat, channel, inner]`.
///
/// Every repeat of a channel (behind a flatten: every pixel) is a tap of its own, like those within
/// `inner`.
struct ConsumerWeights {
  private let axis: ChannelAxis
  private let node: Node
  private let tensor: Tensor
  /// The axes of the tensor with that of the channels in front.
  private let order: [Int]
  private let front: Tensor
  private let positions: [[Int]]
  private let repeats: Int
  private let inner: Int
  private let elements: [Float]

  /// Reads the weights of an axis; `positions` are those of each channel along it.
  init?(_ axis: ChannelAxis, positions: [[Int]], of graph: Graph) {
    guard let tensor = graph.constant(axis.value), let first = positions.first else { return nil }
    let others = tensor.shape.indices.filter { $0 != axis.axis }
    self.axis = axis
    node = graph[axis.node]
    self.tensor = tensor
    self.positions = positions
    order = [axis.axis] + others
    front = tensor.asFloat32().permuted(order)
    inner = others.reduce(1) { $0 * tensor.shape[$1] }
    repeats = first.count
    elements = front.gathered(axis: 0, (0..<first.count).flatMap { r in positions.map { $0[r] } })
      .floats()
  }

  /// The error that a merge leaves in some of the outputs (all by default), see `Merge.error`.
  func error(
    _ merge: Merge, means: [Double], covariance: UnsafeBufferPointer<Double>, outputs: [Int]?,
    fills: [Double] = []
  ) throws(CentralityError) -> ReconstructionError? {
    var cells = Array(0..<inner)
    if let outputs, let output = node.outputAxis(weights: axis.operand)?.axis {
      let wanted = Set(outputs)
      cells = cells.filter { wanted.contains($0 / stride(of: output) % tensor.shape[output]) }
    }
    return try elements.withUnsafeBufferPointer { (elements) throws(CentralityError) in
      try merge.error(
        of: elements, outer: repeats, inner: inner, cells: cells, covariance: covariance,
        means: means, fills: fills)
    }
  }

  /// Gives a graph the weights and the bias that a merge makes of these.
  func mend(_ merge: Merge, means: [Double], in graph: inout Graph) throws(CentralityError) {
    let (new, terms) = try elements.withUnsafeBufferPointer { (old) throws(CentralityError) in
      (
        try merge.weights(old, outer: repeats, inner: inner),
        try merge.biasTerms(old, outer: repeats, inner: inner, means: means)
      )
    }
    var whole = front.floats()
    for r in 0..<repeats {
      for (k, channel) in merge.kept.enumerated() {
        let source = (r * merge.kept.count + k) * inner
        let target = positions[channel][r] * inner
        for i in 0..<inner { whole[target + i] = new[source + i] }
      }
    }
    let back = tensor.shape.indices.map { order.firstIndex(of: $0) ?? $0 }
    graph.setConstant(
      axis.value,
      Tensor(whole, shape: front.shape).permuted(back).rounded(to: tensor.elementType))
    addToBias(terms, &graph)
  }

  /// The distance within `inner` of neighbours along another axis of the weights.
  private func stride(of output: Int) -> Int {
    order.dropFirst().drop { $0 != output }.dropFirst().reduce(1) { $0 * tensor.shape[$1] }
  }

  /// Sums what the removed channels gave on the mean over taps, and adds it to the node's bias.
  private func addToBias(_ terms: [Double], _ graph: inout Graph) {
    let shape = tensor.shape
    guard let (output, bias) = node.outputAxis(weights: axis.operand) else { return }
    let stride = stride(of: output)
    var gain = [Double](repeating: 0, count: shape[output])
    for (k, term) in terms.enumerated() { gain[k % inner / stride % shape[output]] += term }
    graph.add(gain, toBias: bias, of: axis.node)
  }
}

extension Node {
  /// The axis of a weight that makes the outputs, and the position of the bias that goes with it.
  func outputAxis(weights: Int) -> (axis: Int, bias: Int)? {
    let terms = op.axes.operands
    guard weights < terms.count else { return nil }
    for (position, term) in terms.enumerated() where term.isOptional && term.letters.count == 1 {
      if let axis = terms[weights].letters.firstIndex(of: term.letters[0]) {
        return (axis, position)
      }
    }
    return nil
  }
}

extension Graph {
  /// Adds numbers to a node's bias, which it gets if it has none.
  mutating func add(_ gain: [Double], toBias bias: Int, of node: NodeID) {
    let inputs = self[node].inputs
    if let id = inputs.count > bias ? inputs[bias] : nil {
      guard let old = constant(id) else { return }
      let sum = zip(old.floats(), gain).map { Float(Double($0) + $1) }
      setConstant(id, Tensor(sum, shape: [sum.count]).rounded(to: old.elementType))
    } else {
      let terms: Tensor = Tensor(gain.map { Float($0) }, shape: [gain.count])
        .rounded(to: self[self[node].outputs[0]].type.elementType)
      let id = addConstant("\(self[node].name)/bias", terms)
      setInput(node, bias, id)
    }
  }
}
