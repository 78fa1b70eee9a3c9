import ECCentrality
public import ECGraph
import ECTensor

/// Mends consumers without labels: what removed channels gave them, the kept ones give instead.
///
/// Weights of kept channels take over, by least squares on the statistics of calibration samples,
/// what the removed ones contributed; the rest goes into the bias. Run it on the whole graph before the channels are
/// removed. Exact where a convolution has no zero padding, near it elsewhere.
/// Source: `W_K += W_R B`, `B = Σ_RK (Σ_KK + λ tr(Σ_KK)/|K| I)⁻¹`.
public struct MergeRepair: Sendable {
  private let channels: ChannelGroups
  private let sites: [ReadingSite]
  private let moments: [SiteMoments?]
  private let ridge: Double

  /// Prepares a repair from what was measured at the reading sites.
  public init(
    _ channels: ChannelGroups, sites: [ReadingSite], moments: [SiteMoments?], ridge: Double
  ) {
    self.channels = channels
    self.sites = sites
    self.moments = moments
    self.ridge = ridge
  }

  /// Gives consumers their new weights and biases.
  /// - Parameter keeps: whether a unit stays.
  /// - Returns: the number of consumers mended.
  /// - Throws: `PruningError.scores` if the statistics are not finite.
  public func run(on graph: inout Graph, keeps: (ChannelUnit) -> Bool) throws(PruningError) -> Int {
    let readers = graph.consumers()
    var mended = 0
    for (site, measured) in zip(sites, moments) {
      guard let measured else { continue }
      let kept = measured.units.indices.filter { keeps(measured.units[$0]) }
      if kept.isEmpty || kept.count == measured.units.count { continue }
      let merge: Merge
      do throws(CentralityError) {
        merge = try measured.covariance.withUnsafeBufferPointer {
          (covariance) throws(CentralityError) in
          try Merge(
            covariance: covariance, count: measured.units.count, keeping: kept, ridge: ridge)
        }
      } catch {
        throw PruningError(.scores(error.what), at: .node(graph[site.node].name))
      }
      for index in site.consumers {
        let axis = channels.axes[index]
        // A weight that two layers share can't follow the statistics of one of them.
        guard axis.units.count == site.units.count, readers[axis.value]?.count == 1 else {
          continue
        }
        do throws(CentralityError) {
          try mend(axis, measured, merge, &graph)
        } catch {
          throw PruningError(.scores(error.what), at: .node(axis.nodeName))
        }
        mended += 1
      }
    }
    return mended
  }

  private func mend(
    _ axis: ChannelAxis, _ measured: SiteMoments, _ merge: Merge, _ graph: inout Graph
  ) throws(CentralityError) {
    guard let tensor = graph.constant(axis.value) else { return }
    let others = tensor.shape.indices.filter { $0 != axis.axis }
    let order = [axis.axis] + others
    let front = tensor.asFloat32().permuted(order)
    let inner = others.reduce(1) { $0 * tensor.shape[$1] }
    let repeats = measured.positions[0].count
    // [repeat, channel, inner]: every repeat of a channel is a tap of its own.
    let positions = (0..<repeats).flatMap { r in measured.positions.map { $0[r] } }
    let old = front.gathered(axis: 0, positions).floats()
    let (new, terms) = try old.withUnsafeBufferPointer { (old) throws(CentralityError) in
      (
        try merge.weights(old, outer: repeats, inner: inner),
        try merge.biasTerms(old, outer: repeats, inner: inner, means: measured.mean)
      )
    }
    var whole = front.floats()
    for r in 0..<repeats {
      for (k, channel) in merge.kept.enumerated() {
        let source = (r * merge.kept.count + k) * inner
        let target = measured.positions[channel][r] * inner
        for i in 0..<inner { whole[target + i] = new[source + i] }
      }
    }
    let back = tensor.shape.indices.map { order.firstIndex(of: $0) ?? $0 }
    graph.setConstant(
      axis.value,
      Tensor(whole, shape: front.shape).permuted(back).rounded(to: tensor.elementType))
    addToBias(terms, repeats, inner, tensor.shape, axis, &graph)
  }

  /// Sums what the removed channels gave on the mean over taps, and adds it to the node's bias.
  private func addToBias(
    _ terms: [Double], _ repeats: Int, _ inner: Int, _ shape: [Int], _ axis: ChannelAxis,
    _ graph: inout Graph
  ) {
    let node = graph[axis.node]
    guard let (output, bias) = MergeRepair.outputAxis(of: node, weights: axis.operand) else {
      return
    }
    let others = shape.indices.filter { $0 != axis.axis }
    let stride = others.drop { $0 != output }.dropFirst().reduce(1) { $0 * shape[$1] }
    var gain = [Double](repeating: 0, count: shape[output])
    for (k, term) in terms.enumerated() { gain[k % inner / stride % shape[output]] += term }
    MergeRepair.add(gain, toBias: bias, of: axis.node, &graph)
  }

  /// Adds numbers to a node's bias, which it gets if it has none.
  static func add(
    _ gain: [Double], toBias bias: Int, of node: NodeID, _ graph: inout Graph
  ) {
    let inputs = graph[node].inputs
    if let id = inputs.count > bias ? inputs[bias] : nil {
      guard let old = graph.constant(id) else { return }
      let sum = zip(old.floats(), gain).map { Float(Double($0) + $1) }
      graph.setConstant(id, Tensor(sum, shape: [sum.count]).rounded(to: old.elementType))
    } else {
      let terms: Tensor = Tensor(gain.map { Float($0) }, shape: [gain.count])
        .rounded(to: graph[graph[node].outputs[0]].type.elementType)
      let id = graph.addConstant("\(graph[node].name)/bias", terms)
      graph.setInput(node, bias, id)
    }
  }

  /// The axis of a weight that makes the outputs, and the position of the bias that goes with it.
  static func outputAxis(of node: Node, weights: Int) -> (axis: Int, bias: Int)? {
    let terms = node.op.axes.operands
    guard weights < terms.count else { return nil }
    for (position, term) in terms.enumerated() where term.isOptional && term.letters.count == 1 {
      if let axis = terms[weights].letters.firstIndex(of: term.letters[0]) {
        return (axis, position)
      }
    }
    return nil
  }
}
