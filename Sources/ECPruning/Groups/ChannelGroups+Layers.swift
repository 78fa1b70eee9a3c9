public import OrderedCollections

extension ChannelGroups {
  /// For the layers of a group whose channel k isn't unit k: the unit of each channel that they make.
  ///
  /// Shuffles, splits and groups make such layers. Whoever edits a plan reads here which units the
  /// channels of a layer are.
  public func units(of group: ChannelGroup) -> OrderedDictionary<String, [Int]> {
    var lists: OrderedDictionary<String, [Int]> = [:]
    var seen: Set<String> = []
    for axis in group.members.map({ axes[$0] }) where axis.role == .producer {
      let units = axis.units.compactMap { $0?.group == group.id ? $0?.index : nil }
      guard units.count == axis.units.count, seen.insert(axis.layer).inserted,
        units != Array(0..<group.channels)
      else { continue }
      lists[axis.layer] = units
    }
    return lists
  }
}
