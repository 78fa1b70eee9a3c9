public import ECGraph

/// A unit of a group: channels that are kept or removed whole.
public struct ChannelUnit: Sendable, Hashable {
  /// The group's id.
  public let group: Int
  /// The unit's index within its group, by first position at the first producer.
  public let index: Int
}

/// An axis of an initializer that lines up with channels.
public struct ChannelAxis: Sendable {
  /// The node that reads the initializer.
  public let node: NodeID
  /// The node's name.
  public let nodeName: String
  /// The layer or node of the source that the node comes from.
  public let layer: String
  /// The position among the node's operands.
  public let operand: Int
  /// The initializer.
  public let value: ValueID
  /// The axis of the initializer.
  public let axis: Int
  /// What the axis is to the channels.
  public let role: Coupling.Role
  /// The unit at each position; `nil` where nothing can ever be removed.
  public let units: [ChannelUnit?]

  /// The positions that belong to a group, each with its unit's index.
  public func positions(in group: Int) -> [(position: Int, unit: Int)] {
    units.indices.compactMap { position in
      guard let unit = units[position], unit.group == group else { return nil }
      return (position, unit.index)
    }
  }
}

/// Producers whose channels are coupled, and every axis that their channels reach.
public struct ChannelGroup: Sendable {
  /// The position in the list of groups, in the order of first producers.
  public let id: Int
  /// Why each unit must stay; `nil` for a unit that may be removed.
  public let frozen: [String?]
  /// The axes of the group's members, as indices of `ChannelGroups.axes`, in topological order.
  public let members: [Int]
  /// The layers of the producers, in topological order, without repeats.
  public let layers: [String]

  /// The number of units: of channels, as the first producer counts them.
  public var channels: Int { frozen.count }
  /// Whether a unit may be removed.
  public var isPrunable: Bool { frozen.contains { $0 == nil } }
  /// The units that may be removed, ascending.
  public var freeUnits: [Int] { frozen.indices.filter { frozen[$0] == nil } }
  /// Why units must stay, each reason once, in the order of the units.
  public var reasons: [String] {
    var seen: Set<String> = []
    return frozen.compactMap { $0 }.filter { seen.insert($0).inserted }
  }
}

/// A place where channels were found to be irremovable.
public struct Barrier: Sendable, Equatable {
  /// The layer or node; the name of a graph output for that.
  public let layer: String
  /// Why its channels must stay.
  public let reason: String
  /// How many produced channels must stay for this reason first.
  public let channels: Int
  /// How many parameters make or follow them.
  public let parameters: Int
  /// The multiply-accumulates of one sample that make them, or that read them to make channels which
  /// may go. Over all barriers of a model each is counted once.
  public let macs: Int
  /// Those as a share of the model's.
  public let macShare: Double
}

/// Where a consumer reads channels: an activation at a mixing operator.
public struct ReadingSite: Sendable {
  /// The node that reads.
  public let node: NodeID
  /// The position of the activation among the node's operands.
  public let operand: Int
  /// The activation.
  public let value: ValueID
  /// The axis of the activation along which the channels stand.
  public let axis: Int
  /// The unit at each position of that axis; `nil` where nothing can ever be removed.
  public let units: [ChannelUnit?]
  /// The consumer axes of the node that these channels feed, as indices of `ChannelGroups.axes`.
  public let consumers: [Int]
}
