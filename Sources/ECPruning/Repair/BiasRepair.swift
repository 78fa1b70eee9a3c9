public import ECGraph
public import ECTensor

/// Moves what removed channels gave their consumers into the consumers' biases.
///
/// *Exactly* where the channel is proven to be one number, and every consumer reads it without zeros
/// around the picture; a channel whose number is 0 needs nothing. *Approximately* where it isn't: the
/// number is then what the channel is on the mean, and zeros around the picture are read as if they
/// were that number. All consumers of a channel take the same number, or none does.
public struct BiasRepair: Sendable {
  private let channels: ChannelGroups
  private let sites: [ReadingSite]

  /// How far the means that several consumers see may lie apart, in standard deviations.
  private static let tolerance = 0.1

  /// Prepares a repair of the consumers of a graph's reading sites.
  public init(_ channels: ChannelGroups, sites: [ReadingSite]) {
    self.channels = channels
    self.sites = sites
  }

  /// The number of every removed unit that can be moved exactly.
  /// - Parameters:
  ///   - keeps: whether a unit stays.
  ///   - evaluate: computes one node on given activations.
  public func constants(
    of graph: Graph, keeps: (ChannelUnit) -> Bool,
    evaluate: (_ node: Node, _ activations: [ValueID: Tensor]) throws -> Tensor
  ) throws -> [ChannelUnit: Float] {
    let constants = try ConstantChannels(graph, labels: channels.labels, evaluate: evaluate)
    if constants.known.isEmpty { return [:] }
    var fills: [ChannelUnit: Float] = [:]
    var refused: Set<ChannelUnit> = []
    let shared = sharedWeights(of: graph)
    for site in sites {
      let node = graph[site.node]
      let rule = (node.op as? any ConstantChannelOperator)?
        .constantChannels(graph.operands(of: node))
      let isExact = rule == .mixes(readsPadding: false) && !isShared(site, shared)
      let numbers = constants.known[site.value]
      for (position, unit) in site.units.enumerated() {
        guard let unit, !keeps(unit) else { continue }
        guard isExact, let number = numbers?[position], fills[unit] == nil || fills[unit] == number
        else {
          refused.insert(unit)
          continue
        }
        fills[unit] = number
      }
    }
    return fills.filter { !refused.contains($0.key) && $0.value != 0 }
  }

  /// The mean of every removed unit whose consumers all can take it, and see about the same.
  /// - Parameters:
  ///   - moments: what was measured at the sites; `nil` where nothing was.
  ///   - keeps: whether a unit stays.
  public func means(
    _ moments: [SiteMoments?], of graph: Graph, keeps: (ChannelUnit) -> Bool
  ) -> [ChannelUnit: Float] {
    var seen: [ChannelUnit: [(mean: Double, deviation: Double)]] = [:]
    var refused: Set<ChannelUnit> = []
    let shared = sharedWeights(of: graph)
    for (site, measured) in zip(sites, moments) {
      let takes = site.consumers.allSatisfy {
        graph[site.node].outputAxis(weights: channels.axes[$0].operand) != nil
          && channels.axes[$0].units.count == site.units.count
      }
      guard let measured, takes, !isShared(site, shared) else {
        refused.formUnion(site.units.compactMap { $0 })
        continue
      }
      let count = measured.units.count
      for (k, unit) in measured.units.enumerated() where !keeps(unit) {
        seen[unit, default: []].append(
          (measured.mean[k], max(0, measured.covariance[k * count + k]).squareRoot()))
      }
    }
    var fills: [ChannelUnit: Float] = [:]
    for (unit, places) in seen where !refused.contains(unit) {
      let mean = places.reduce(0) { $0 + $1.mean } / Double(places.count)
      let agree = places.allSatisfy {
        abs($0.mean - mean) <= Self.tolerance * $0.deviation + 1e-6 * abs(mean)
      }
      if agree && mean != 0 { fills[unit] = Float(mean) }
    }
    return fills
  }

  /// Adds `fill · Σ_taps W` of moved channels to the biases of their consumers.
  public func fold(_ fills: [ChannelUnit: Float], into graph: inout Graph) {
    for site in sites {
      for index in site.consumers { fold(channels.axes[index], site, fills, &graph) }
    }
  }

  /// The weights that several nodes read: they can't follow the channels of one of them.
  private func sharedWeights(of graph: Graph) -> Set<ValueID> {
    Set(graph.consumers().filter { $0.value.count > 1 }.keys)
  }

  private func isShared(_ site: ReadingSite, _ shared: Set<ValueID>) -> Bool {
    site.consumers.contains { shared.contains(channels.axes[$0].value) }
  }

  private func fold(
    _ axis: ChannelAxis, _ site: ReadingSite, _ fills: [ChannelUnit: Float], _ graph: inout Graph
  ) {
    let positions = site.units.indices.filter { site.units[$0].map { fills[$0] != nil } ?? false }
    guard !positions.isEmpty, axis.units.count == site.units.count,
      let weights = graph.constant(axis.value),
      let (output, bias) = graph[axis.node].outputAxis(weights: axis.operand)
    else { return }
    let others = weights.shape.indices.filter { $0 != axis.axis }
    let rows = weights.asFloat32().permuted([axis.axis] + others).gathered(axis: 0, positions)
    let inner = others.reduce(1) { $0 * weights.shape[$1] }
    let stride = others.drop { $0 != output }.dropFirst().reduce(1) { $0 * weights.shape[$1] }
    var gain = [Double](repeating: 0, count: weights.shape[output])
    for (k, weight) in rows.floats().enumerated() {
      guard let unit = site.units[positions[k / inner]], let fill = fills[unit] else { continue }
      gain[k % inner / stride % gain.count] += Double(weight) * Double(fill)
    }
    graph.add(gain, toBias: bias, of: axis.node)
  }
}
