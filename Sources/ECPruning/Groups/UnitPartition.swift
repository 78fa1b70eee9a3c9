import ECGraph

/// The sets of labels as units, numbered within groups.
struct UnitPartition {
  /// Why a unit must stay, where that was found, and as the how-manieth.
  struct Frozen: Hashable {
    let layer: String
    let reason: String
    let order: Int
  }

  /// The unit of each id; `nil` for id 0.
  private(set) var unitOfID: [ChannelUnit?]
  /// Per group and unit, why it must stay.
  private(set) var frozen: [[Frozen?]] = []

  private let ties: [LabelFlow.NodeTie]
  private let roots: [Int32]
  private let reasons: [Int32: Frozen]

  init(_ flow: LabelFlow, roots: [Int32]) {
    self.roots = roots
    ties = flow.ties
    unitOfID = [ChannelUnit?](repeating: nil, count: roots.count)
    var reasons: [Int32: Frozen] = [:]
    var orders: [[String]: Int] = [:]
    for freeze in flow.freezes {
      let order = orders[[freeze.layer, freeze.reason]] ?? orders.count
      orders[[freeze.layer, freeze.reason]] = order
      let entry = Frozen(layer: freeze.layer, reason: freeze.reason, order: order)
      for id in freeze.ids where reasons[roots[Int(id)]] == nil { reasons[roots[Int(id)]] = entry }
    }
    self.reasons = reasons
  }

  /// The key of an id's unit: ids that merged with 0 stay apart from each other.
  private func key(_ id: Int32) -> Int32 {
    roots[Int(id)] == 0 ? -id : roots[Int(id)]
  }

  /// Numbers groups by first producer, and units by first position at it.
  mutating func number(naming layer: (NodeID) -> String) {
    let producers = ties.filter { $0.tie.role == .producer }
    // Groups: producers that share a unit, by a union-find over their positions in the list.
    var parent = Array(producers.indices)
    func find(_ k: Int) -> Int {
      var k = k
      while parent[k] != k { k = parent[k] }
      return k
    }
    var firstProducer: [Int32: Int] = [:]
    for (k, producer) in producers.enumerated() {
      for id in producer.tie.ids where id != 0 {
        let owner = firstProducer[key(id)] ?? k
        firstProducer[key(id)] = owner
        let (a, b) = (find(owner), find(k))
        if a != b { parent[max(a, b)] = min(a, b) }
      }
    }
    var groupOfRoot: [Int: Int] = [:]
    var unitOfKey: [Int32: ChannelUnit] = [:]
    for (k, producer) in producers.enumerated() {
      let root = find(k)
      let group = groupOfRoot[root] ?? frozen.count
      if groupOfRoot[root] == nil {
        groupOfRoot[root] = group
        frozen.append([])
      }
      for id in producer.tie.ids where id != 0 && unitOfKey[key(id)] == nil {
        unitOfKey[key(id)] = ChannelUnit(group: group, index: frozen[group].count)
        let merged = Frozen(
          layer: layer(producer.node), reason: "it meets a value whose channels must stay",
          order: .max)
        frozen[group].append(reasons[roots[Int(id)]] ?? (roots[Int(id)] == 0 ? merged : nil))
      }
    }
    for id in unitOfID.indices.dropFirst() { unitOfID[id] = unitOfKey[key(Int32(id))] }
  }
}
