public import ECGraph
public import ECTensor

/// Moves what removed constant channels gave their consumers into the consumers' biases.
///
/// Only where that is exact: the channel is proven to be one number, and every consumer reads it
/// without zeros around the picture. A channel whose number is 0 needs nothing.
public struct BiasRepair: Sendable {
  private let channels: ChannelGroups
  private let sites: [ReadingSite]

  /// Prepares a repair of the consumers of a graph's reading sites.
  public init(_ channels: ChannelGroups, sites: [ReadingSite]) {
    self.channels = channels
    self.sites = sites
  }

  /// Gives consumers their new biases.
  /// - Parameters:
  ///   - keeps: whether a unit stays.
  ///   - evaluate: computes one node on given activations.
  /// - Returns: the number that stands in for every unit that was moved into biases.
  public func run(
    on graph: inout Graph, keeps: (ChannelUnit) -> Bool,
    evaluate: (_ node: Node, _ activations: [ValueID: Tensor]) throws -> Tensor
  ) throws -> [ChannelUnit: Float] {
    let constants = try ConstantChannels(graph, labels: channels.labels, evaluate: evaluate)
    if constants.known.isEmpty { return [:] }
    var fills: [ChannelUnit: Float] = [:]
    var refused: Set<ChannelUnit> = []
    let readers = graph.consumers()
    for site in sites {
      let node = graph[site.node]
      let rule = (node.op as? any ConstantChannelOperator)?
        .constantChannels(graph.operands(of: node))
      // A weight that two layers share can't follow the channels of one of them.
      let isShared = site.consumers.contains {
        readers[channels.axes[$0].value]?.count ?? 0 > 1
      }
      let isExact = rule == .mixes(readsPadding: false) && !isShared
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
    fills = fills.filter { !refused.contains($0.key) && $0.value != 0 }
    for site in sites {
      for index in site.consumers { fold(channels.axes[index], site, fills, &graph) }
    }
    return fills
  }

  /// Adds `fill · Σ_taps W` of a consumer's moved channels to its bias.
  private func fold(
    _ axis: ChannelAxis, _ site: ReadingSite, _ fills: [ChannelUnit: Float], _ graph: inout Graph
  ) {
    let positions = site.units.indices.filter { site.units[$0].map { fills[$0] != nil } ?? false }
    guard !positions.isEmpty, axis.units.count == site.units.count,
      let weights = graph.constant(axis.value),
      let (output, bias) = MergeRepair.outputAxis(of: graph[axis.node], weights: axis.operand)
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
    MergeRepair.add(gain, toBias: bias, of: axis.node, &graph)
  }
}
