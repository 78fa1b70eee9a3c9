import ECCentrality
public import ECGraph
import ECTensor

/// Mends consumers in execution order: each is refitted so that what it reads of the pruned network,
/// mended so far, gives what it gave in the whole one.
///
/// Unlike a merge, it also makes good what pruning before a layer has done to the channels that were
/// kept. Both networks step from stop to stop; at each, the joint statistics of the channels in the
/// whole network and of those left in the pruned one give the new weights.
public struct SequentialRepair: Sendable {
  /// A value that consumers read.
  public struct Stop: Sendable {
    /// The activation.
    public let value: ValueID
    /// Its axis along which the channels stand.
    public let axis: Int
    /// For every channel its positions along the axis, in the whole network.
    public let positions: [[Int]]
    /// For every kept channel its positions along the axis, in the pruned network.
    public let keptPositions: [[Int]]
    /// The kept channels, ascending.
    let kept: [Int]
    /// The consumer axes that the channels feed.
    let consumers: [Int]
  }

  /// The stops in topological order.
  public let stops: [Stop]
  private let channels: ChannelGroups
  private let ridge: Double
  private let keptOutputs: [ValueID: [Int]]

  /// Finds the stops of a graph.
  /// - Parameters:
  ///   - keeps: whether a unit stays.
  ///   - isSeen: whether a value can be computed.
  public init(
    _ channels: ChannelGroups, of graph: Graph, ridge: Double, keeps: (ChannelUnit) -> Bool,
    isSeen: (ValueID) -> Bool
  ) {
    self.channels = channels
    self.ridge = ridge
    keptOutputs = channels.keptOutputs(keeps: keeps)
    let changed = ChangedValues(graph, channels, keeps: keeps)
    let readers = graph.consumers()
    var stops: [Stop] = []
    for site in channels.readingSites(of: graph) {
      // A weight that two layers share can't follow the statistics of one of them.
      let consumers = site.consumers.filter {
        channels.axes[$0].units.count == site.units.count
          && readers[channels.axes[$0].value]?.count == 1
      }
      guard !consumers.isEmpty, isSeen(site.value), let seen = SiteChannels(site) else { continue }
      let kept = seen.units.indices.filter { keeps(seen.units[$0]) }
      guard !kept.isEmpty, kept.count < seen.units.count || changed.values.contains(site.value)
      else { continue }
      if let known = stops.firstIndex(where: { $0.value == site.value && $0.axis == site.axis }) {
        let stop = stops[known]
        stops[known] = Stop(
          value: stop.value, axis: stop.axis, positions: stop.positions,
          keptPositions: stop.keptPositions, kept: stop.kept, consumers: stop.consumers + consumers)
        continue
      }
      var place = 0
      let places = site.units.map { unit in
        let stays = unit.map(keeps) ?? true
        defer { place += stays ? 1 : 0 }
        return place
      }
      stops.append(
        Stop(
          value: site.value, axis: site.axis, positions: seen.positions,
          keptPositions: kept.map { seen.positions[$0].map { places[$0] } }, kept: kept,
          consumers: consumers))
    }
    self.stops = stops.sorted {
      (changed.places[$0.value] ?? -1, $0.value) < (changed.places[$1.value] ?? -1, $1.value)
    }
  }

  /// Gives consumers a bias where they have none, so that channels are cut with it from the start.
  public func prepare(_ graph: inout Graph) {
    for axis in stops.flatMap(\.consumers).map({ channels.axes[$0] }) {
      graph.addBias(to: axis.node, weights: axis.operand)
    }
  }

  /// Refits the consumers at a stop.
  /// - Parameters:
  ///   - mean: the means of all channels in the whole network, then of the kept ones in the pruned.
  ///   - covariance: their joint covariance, both triangles.
  ///   - graph: the whole graph with the weights so far.
  /// - Returns: the consumers, and the initializers that were changed.
  /// - Throws: `PruningError.scores` if the statistics are not finite.
  public func mend(
    _ stop: Stop, mean: [Double], covariance: [Double], in graph: inout Graph
  ) throws(PruningError) -> (layers: [MendedLayer], changed: [ValueID]) {
    var layers: [MendedLayer] = []
    var changed: [ValueID] = []
    do throws(CentralityError) {
      try covariance.withUnsafeBufferPointer { (covariance) throws(CentralityError) in
        let merge = try Merge(
          joint: covariance, count: stop.positions.count, keeping: stop.kept, ridge: ridge)
        for axis in stop.consumers.map({ channels.axes[$0] }) {
          guard let weights = ConsumerWeights(axis, positions: stop.positions, of: graph) else {
            continue
          }
          layers.append(
            MendedLayer(
              layer: axis.layer,
              error: try weights.error(
                merge, means: mean, covariance: covariance, outputs: keptOutputs[axis.value])))
          try weights.mend(merge, means: mean, in: &graph)
          changed += graph.parameters(of: axis.node)
        }
      }
    } catch {
      throw PruningError(.scores(error.what), at: .node(graph[stop.value].name))
    }
    return (layers, changed)
  }
}

extension Graph {
  /// Gives a node a bias of zeros where it has none and may have one.
  mutating func addBias(to id: NodeID, weights: Int) {
    let node = self[id]
    guard let (output, bias) = node.outputAxis(weights: weights),
      node.inputs.count <= bias || node.inputs[bias] == nil,
      let count = constant(node.inputs[weights])?.shape[output]
    else { return }
    add([Double](repeating: 0, count: count), toBias: bias, of: id)
  }

  /// The initializers that a node reads.
  func parameters(of node: NodeID) -> [ValueID] {
    self[node].inputs.compactMap { $0 }.filter { constant($0) != nil }
  }
}
