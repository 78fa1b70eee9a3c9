import ECCentrality
public import ECGraph
import ECTensor

/// Mends consumers without labels: what removed channels gave them, the kept ones give instead.
///
/// Weights of kept channels take over, by least squares on the statistics of calibration samples,
/// what the removed ones contributed; the rest goes into the bias. Run it on the whole graph before
/// the channels are removed. Exact where a convolution has no zero padding, near it elsewhere.
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
  /// - Returns: the consumers mended, in topological order.
  /// - Throws: `PruningError.scores` if the statistics are not finite.
  public func run(
    on graph: inout Graph, keeps: (ChannelUnit) -> Bool
  ) throws(PruningError) -> [MendedLayer] {
    try visit(&graph, keeps, mends: true)
  }

  /// The errors of consumers whose weights stay.
  /// - Parameters:
  ///   - keeps: whether a unit stays.
  ///   - fills: what biases have taken over of removed units.
  public func errors(
    in graph: Graph, keeps: (ChannelUnit) -> Bool, fills: [ChannelUnit: Float] = [:]
  ) throws(PruningError) -> [MendedLayer] {
    var graph = graph
    return try visit(&graph, keeps, fills: fills, mends: false)
  }

  private func visit(
    _ graph: inout Graph, _ keeps: (ChannelUnit) -> Bool, fills: [ChannelUnit: Float] = [:],
    mends: Bool
  ) throws(PruningError) -> [MendedLayer] {
    let readers = graph.consumers()
    let outputs = channels.keptOutputs(keeps: keeps)
    var layers: [MendedLayer] = []
    for (site, measured) in zip(sites, moments) {
      guard let measured else { continue }
      let kept = measured.units.indices.filter { keeps(measured.units[$0]) }
      if kept.isEmpty || kept.count == measured.units.count { continue }
      do throws(CentralityError) {
        try measured.covariance.withUnsafeBufferPointer { (covariance) throws(CentralityError) in
          let count = measured.units.count
          let merge =
            mends
            ? try Merge(covariance: covariance, count: count, keeping: kept, ridge: ridge)
            : Merge(nothingOf: count, keeping: kept)
          // A weight that two layers share can't follow the statistics of one of them.
          for axis in site.consumers.map({ channels.axes[$0] })
          where axis.units.count == site.units.count && readers[axis.value]?.count == 1 {
            guard
              let weights = ConsumerWeights(axis, positions: measured.positions, of: graph)
            else { continue }
            layers.append(
              MendedLayer(
                layer: axis.layer,
                error: try weights.error(
                  merge, means: measured.mean, covariance: covariance,
                  outputs: outputs[axis.value],
                  fills: measured.units.map { Double(fills[$0] ?? 0) })))
            if mends { try weights.mend(merge, means: measured.mean, in: &graph) }
          }
        }
      } catch {
        throw PruningError(.scores(error.what), at: .node(graph[site.node].name))
      }
    }
    return layers
  }
}
