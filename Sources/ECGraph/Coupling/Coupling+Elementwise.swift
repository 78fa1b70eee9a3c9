extension Coupling {
  /// The rule for element-wise operators of any number of operands, broadcast as numpy does.
  ///
  /// Channels that meet are united; one that is broadcast over several must stay; constants with
  /// the full extent along the labelled axis are cut with it.
  public mutating func elementwise() {
    let rank = results[0].rank
    var meeting: [(position: Int, labels: LabelArray)] = []
    for (position, labels) in labels.enumerated() {
      guard let labels else { continue }
      let padding = [Int](repeating: 1, count: rank - labels.shape.count)
      meeting.append((position, LabelArray(shape: padding + labels.shape, ids: labels.ids)))
    }
    guard !meeting.isEmpty else { return }
    let result = meet(meeting, rank: rank)
    for position in operands.types.indices where operands.constants[position] != nil {
      tieConstant(position, to: result)
    }
    setResult(0, result)
  }

  private mutating func meet(
    _ meeting: [(position: Int, labels: LabelArray)], rank: Int
  ) -> LabelArray {
    // An operand with extent 1 against a larger one: its single channel must stay.
    var arrays: [LabelArray] = []
    for (position, labels) in meeting {
      guard let type = operands.types[position] else { continue }
      var labels = labels
      let offset = rank - type.rank
      for axis in 0..<type.rank where type.shape[axis].value == 1 {
        let full = results[0].shape[offset + axis]
        if offset + axis > 0 && full.value != 1 && labels.ids.contains(where: { $0 != 0 })
          && isLabelled(axis: axis, of: position, rank: rank)
        {
          freeze(labels.ids, because: "it is broadcast over the channels of another operand")
          labels = .none(rank: rank)
        }
      }
      arrays.append(labels)
    }
    let live = arrays.filter { !$0.isNone }
    guard let first = live.first else {
      return LabelArray.none(rank: rank)
    }
    var target = first.shape
    for labels in live {
      for axis in 0..<rank { target[axis] = max(target[axis], labels.shape[axis]) }
    }
    let merged = first.expanded(to: target)
    for labels in live.dropFirst() { unite(labels.expanded(to: target).ids, merged.ids) }
    // An activation that can't lose channels (an input) pins those it meets, where it varies too.
    for (entry, labels) in zip(meeting, arrays) where labels.isNone {
      guard let type = operands.types[entry.position] else { continue }
      let offset = rank - type.rank
      let meets = (0..<type.rank).contains { axis in
        target[offset + axis] > 1 && type.shape[axis].value != 1
      }
      if meets {
        freeze(merged.ids, because: "it is combined with a value whose channels must stay")
      }
    }
    return merged
  }

  /// Whether the single position of an axis carries a label: the axis is where channels stand.
  private func isLabelled(axis: Int, of position: Int, rank: Int) -> Bool {
    guard let type = operands.types[position] else { return false }
    let offset = rank - type.rank
    // Other operands that are labelled along this axis make it the channel axis.
    return labels.enumerated().contains { other, labels in
      guard let labels, other != position, let otherType = operands.types[other] else {
        return false
      }
      let k = axis + offset - (rank - otherType.rank)
      return k >= 0 && k < labels.shape.count && labels.shape[k] > 1
    }
  }

  private mutating func tieConstant(_ position: Int, to labels: LabelArray) {
    guard let tensor = operands.constants[position] else { return }
    let offset = labels.shape.count - tensor.shape.count
    let varying = labels.varyingAxes
    for axis in varying where axis >= offset && tensor.shape[axis - offset] > 1 {
      if let vector = labels.vector(axis: axis, count: tensor.shape[axis - offset]) {
        tie(operand: position, axis: axis - offset, vector, as: .follower)
      } else {
        freeze(labels.ids, because: "a constant meets channels that stand along several axes")
      }
    }
  }
}
