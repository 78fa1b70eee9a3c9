public import ECGraph
import ECTensor

/// Which channels of a model leave together, where, and which must stay.
///
/// Labels flow through the operators (`Operator.couple`); the sets of labels at the end are the
/// units. Run `UnshareVectors` before, so that equal vectors don't tie layers.
public struct ChannelGroups: Sendable {
  /// The groups in the order of their first producers, unprunable ones included.
  public let groups: [ChannelGroup]
  /// Every initializer axis that lines up with channels, in topological order.
  public let axes: [ChannelAxis]
  /// What keeps channels from being removed, in the order in which it was found.
  public let barriers: [Barrier]
  /// The units of which at least one has to stay, ascending: one list for each axis that could
  /// become empty.
  public let minimums: [[ChannelUnit]]
  /// The share of multiply-accumulates in nodes that make, mix or follow channels of a prunable unit.
  public let prunableMACShare: Double
  /// The names of all layers, in topological order, without repeats.
  public let layerNames: [String]

  /// The unit of each id; the labels that the ids stand in.
  let unitOfID: [ChannelUnit?]
  let labels: [ValueID: LabelArray]

  /// Finds the groups of a graph. O(labels).
  public init(_ graph: Graph) {
    var flow = LabelFlow(graph)
    let roots = flow.roots()
    var partition = UnitPartition(flow, roots: roots)
    partition.number { graph[$0].layer }
    unitOfID = partition.unitOfID
    labels = flow.labels
    let units = unitOfID
    axes = flow.ties.map { entry in
      let node = graph[entry.node]
      return ChannelAxis(
        node: node.id, nodeName: node.name, layer: node.layer, operand: entry.tie.operand,
        value: entry.value, axis: entry.tie.axis, role: entry.tie.role,
        units: entry.tie.ids.map { units[Int($0)] })
    }
    var members = [[Int]](repeating: [], count: partition.frozen.count)
    var layers = [[String]](repeating: [], count: partition.frozen.count)
    for (k, axis) in axes.enumerated() {
      for id in Set(axis.units.compactMap { $0?.group }).sorted() {
        members[id].append(k)
        if axis.role == .producer && !layers[id].contains(axis.layer) {
          layers[id].append(axis.layer)
        }
      }
    }
    groups = partition.frozen.indices.map { id in
      ChannelGroup(
        id: id, frozen: partition.frozen[id].map { $0?.reason }, members: members[id],
        layers: layers[id])
    }
    barriers = ChannelGroups.barriers(partition, axes, graph)
    minimums = ChannelGroups.minimums(flow, groups, units)
    prunableMACShare = ChannelGroups.share(graph, axes, groups)
    var seen: Set<String> = []
    layerNames = graph.nodes.map(\.layer).filter { seen.insert($0).inserted }
  }

  /// The groups of which something may be removed.
  public var prunable: [ChannelGroup] { groups.filter(\.isPrunable) }

  /// Whether a unit may be removed.
  func isFree(_ unit: ChannelUnit) -> Bool { groups[unit.group].frozen[unit.index] == nil }

  private static func barriers(
    _ partition: UnitPartition, _ axes: [ChannelAxis], _ graph: Graph
  ) -> [Barrier] {
    var order: [UnitPartition.Frozen] = []
    var channels: [UnitPartition.Frozen: Int] = [:]
    var parameters: [UnitPartition.Frozen: Int] = [:]
    var counted: Set<ChannelUnit> = []
    for axis in axes where axis.role != .consumer {
      let tensorShape = graph[axis.value].type.shape.compactMap(\.value)
      let row = tensorShape.reduce(1, *) / max(1, axis.units.count)
      for case let unit? in axis.units {
        guard let frozen = partition.frozen[unit.group][unit.index] else { continue }
        if channels[frozen] == nil { order.append(frozen) }
        channels[frozen, default: 0] += counted.insert(unit).inserted ? 1 : 0
        parameters[frozen, default: 0] += row
      }
    }
    let macs = costs(partition, axes, graph)
    let all = Double(max(1, graph.macCount))
    return order.sorted { $0.order < $1.order }.map {
      Barrier(
        layer: $0.layer, reason: $0.reason, channels: channels[$0] ?? 0,
        parameters: parameters[$0] ?? 0, macs: Int((macs[$0] ?? 0).rounded()),
        macShare: (macs[$0] ?? 0) / all)
    }
  }

  /// The multiply-accumulates that make or read channels which a barrier keeps. Each counts once: at the
  /// barrier of the channel that it makes, else at that of the one it reads.
  private static func costs(
    _ partition: UnitPartition, _ axes: [ChannelAxis], _ graph: Graph
  ) -> [UnitPartition.Frozen: Double] {
    /// How many of the channels along an axis each barrier keeps.
    func kept(_ axis: ChannelAxis?) -> (of: Int, counts: [UnitPartition.Frozen: Int]) {
      var counts: [UnitPartition.Frozen: Int] = [:]
      for case let unit? in axis?.units ?? [] {
        if let frozen = partition.frozen[unit.group][unit.index] { counts[frozen, default: 0] += 1 }
      }
      return (max(1, axis?.units.count ?? 1), counts)
    }
    let sides = Dictionary(grouping: axes, by: \.node)
    var costs: [UnitPartition.Frozen: Double] = [:]
    for id in graph.order {
      let macs = Double(graph.macs(of: graph[id]))
      guard macs > 0, let sides = sides[id] else { continue }
      // Biases and the like tie the same channels as the weights do.
      let made = kept(sides.first { $0.role != .consumer })
      let read = kept(sides.first { $0.role == .consumer })
      for (barrier, count) in made.counts {
        costs[barrier, default: 0] += macs * Double(count) / Double(made.of)
      }
      let free = Double(made.of - made.counts.values.reduce(0, +)) / Double(made.of)
      for (barrier, count) in read.counts {
        costs[barrier, default: 0] += macs * free * Double(count) / Double(read.of)
      }
    }
    return costs
  }

  /// Every axis of an activation or a parameter as the units along it, where all of them are free.
  private static func minimums(
    _ flow: LabelFlow, _ groups: [ChannelGroup], _ units: [ChannelUnit?]
  ) -> [[ChannelUnit]] {
    var seen: Set<[ChannelUnit]> = []
    var lists: [[ChannelUnit]] = []
    func add(_ ids: [Int32]) {
      var list: Set<ChannelUnit> = []
      for id in ids {
        guard let unit = units[Int(id)], groups[unit.group].frozen[unit.index] == nil else {
          return
        }
        list.insert(unit)
      }
      let sorted = list.sorted { ($0.group, $0.index) < ($1.group, $1.index) }
      if !sorted.isEmpty && seen.insert(sorted).inserted { lists.append(sorted) }
    }
    for entry in flow.ties { add(entry.tie.ids) }
    for (_, labels) in flow.labels.sorted(by: { $0.key < $1.key }) { add(labels.ids) }
    return lists
  }

  private static func share(
    _ graph: Graph, _ axes: [ChannelAxis], _ groups: [ChannelGroup]
  ) -> Double {
    var touched: Set<NodeID> = []
    for axis in axes where !touched.contains(axis.node) {
      let isPrunable = axis.units.contains { unit in
        unit.map { groups[$0.group].frozen[$0.index] == nil } ?? false
      }
      if isPrunable { touched.insert(axis.node) }
    }
    let all = graph.macCount
    let part = graph.nodes.reduce(0) {
      $0 + (touched.contains($1.id) ? graph.macs(of: $1) : 0)
    }
    return all > 0 ? Double(part) / Double(all) : 0
  }
}
