/// What an operator sees, and says, when channel labels flow through it.
public struct Coupling {
  /// What a parameter's axis is to the labels that line up with it.
  public enum Role: Sendable, Hashable {
    /// The axis makes these channels (output channels of a convolution).
    case producer
    /// The axis reads these channels and mixes them (input channels of a convolution).
    case consumer
    /// The axis has one entry per channel (batch normalization, depthwise kernels).
    case follower
  }

  /// Labels that line up with one axis of an operand that is an initializer.
  public struct Tie: Sendable {
    /// The operand's position.
    public let operand: Int
    /// The axis of the initializer.
    public let axis: Int
    /// The ids, one per position of the axis.
    public let ids: [Int32]
    /// What the axis is to them.
    public let role: Role
  }

  /// Ids that must stay, and why.
  public struct Freeze: Sendable {
    /// The ids.
    public let ids: [Int32]
    /// Why, as a clause.
    public let reason: String
  }

  /// The operands.
  public let operands: Operands
  /// The types of the results.
  public let results: [ValueType]
  /// The labels of the operands; `nil` for initializers and absent ones.
  public let labels: [LabelArray?]
  /// The labels of the results.
  public private(set) var resultLabels: [LabelArray]
  /// What was tied.
  public private(set) var ties: [Tie] = []
  /// What was frozen.
  public private(set) var freezes: [Freeze] = []
  /// The sets of atoms.
  public private(set) var units: UnionFind

  /// Starts at one node.
  public init(
    operands: Operands, results: [ValueType], labels: [LabelArray?], units: consuming UnionFind
  ) {
    self.operands = operands
    self.results = results
    self.labels = labels
    self.units = units
    self.resultLabels = results.map { LabelArray.none(rank: $0.rank) }
  }

  /// New atoms for the channels that this node makes.
  public mutating func newAtoms(_ count: Int) -> [Int32] { units.make(count) }

  /// Says that positions of two lists leave together.
  /// - Precondition: the lists are equally long.
  public mutating func unite(_ a: [Int32], _ b: [Int32]) {
    precondition(a.count == b.count)
    for (x, y) in zip(a, b) { units.unite(x, y) }
  }

  /// Says that channels must stay.
  public mutating func freeze(_ ids: [Int32], because reason: String) {
    let live = ids.filter { $0 != 0 }
    if !live.isEmpty { freezes.append(Freeze(ids: live, reason: reason)) }
  }

  /// Says that an initializer's axis lines up with labels.
  public mutating func tie(operand: Int, axis: Int, _ ids: [Int32], as role: Role) {
    ties.append(Tie(operand: operand, axis: axis, ids: ids, role: role))
  }

  /// Gives a result its labels.
  public mutating func setResult(_ position: Int = 0, _ labels: LabelArray) {
    precondition(labels.shape.count == results[position].rank)
    resultLabels[position] = labels
  }

  /// Freezes everything that arrives; nothing couples through this node.
  public mutating func barrier(_ reason: String) {
    for labels in labels { if let labels { freeze(labels.ids, because: reason) } }
  }

  /// Gives the result the labels of the first operand, whose elements get other axes.
  /// - Parameter keepsBatch: whether the first axis is the same before and after.
  public mutating func reshape(keepsBatch: Bool, unless reason: String) {
    guard let labels = labels[0], let type = operands.types[0], !labels.isNone else { return }
    var (old, new) = (type.shape, results[0].shape)
    if keepsBatch, labels.shape.first == 1, !new.isEmpty {
      (old[0], new[0]) = (.symbolic("batch"), .symbolic("batch"))
    }
    guard let moved = labels.reshaped(from: old, to: new) else {
      return barrier(reason)
    }
    setResult(0, moved)
  }

  /// Ties all that stands along axes that are mixed, where ids differ along others too.
  ///
  /// Freezes the ids, if they differ along the mixed axes alone.
  /// - Returns: the labels, the same along the axes now; `nil` where they were frozen.
  public mutating func collapse(
    _ labels: LabelArray, along axes: [Int], because reason: String
  ) -> LabelArray? {
    let mixed = axes.filter { labels.shape[$0] > 1 }
    if mixed.isEmpty { return labels }
    guard labels.varyingAxes.contains(where: { !mixed.contains($0) }) else {
      freeze(labels.ids, because: reason)
      return nil
    }
    var left = labels
    for axis in mixed {
      let first = left.gathered(axis: axis, [0])
      for position in 1..<left.shape[axis] {
        unite(first.ids, left.gathered(axis: axis, [position]).ids)
      }
      left = first
    }
    return left
  }
}
