extension Coupling {
  /// The rule that an operator's axes imply.
  ///
  /// A letter that an activation and a result share passes its channels on, and parameters that have
  /// it follow; a letter that an activation and a parameter share, and no result, is contracted; a
  /// letter that only a parameter and a result have makes new channels. Channels along a letter
  /// that is reduced, pinned or mixed otherwise must stay.
  public mutating func follow(_ written: AxisSignature, reducing reason: String) {
    let axes = written.expanded(ranks: operands.types.map { $0?.rank })
    let resultLetters = axes.results.flatMap(\.letters)
    var carried: [String: [Int32]] = [:]
    for (position, term) in axes.operands.enumerated() {
      guard position < labels.count, let labels = labels[position],
        let type = operands.types[position]
      else { continue }
      for (axis, letter) in term.letters.enumerated() where labels.shape[axis] > 1 {
        guard let count = type.shape[axis].value, let ids = labels.vector(axis: axis, count: count)
        else {
          freeze(labels.ids, because: "its channels stand along several axes here")
          continue
        }
        let isContracted = axes.operands.indices.contains { other in
          operands.constants.indices.contains(other) && operands.constants[other] != nil
            && axes.operands[other].letters.contains(letter)
        }
        if term.pinned.contains(letter) || !(isContracted || resultLetters.contains(letter)) {
          freeze(ids, because: reason)
        } else if let known = carried[letter] {
          unite(known, ids)
        } else {
          carried[letter] = ids
        }
      }
    }
    tieParameters(axes, carried: &carried)
    for (k, term) in axes.results.enumerated() {
      let live = term.letters.indices.filter { carried[term.letters[$0]] != nil }
      guard let axis = live.first else { continue }
      guard live.count == 1, let ids = carried[term.letters[axis]] else {
        for axis in live { freeze(carried[term.letters[axis]] ?? [], because: reason) }
        continue
      }
      setResult(k, .along(axis: axis, rank: term.letters.count, ids))
    }
  }

  private mutating func tieParameters(_ axes: AxisSignature, carried: inout [String: [Int32]]) {
    let resultLetters = axes.results.flatMap(\.letters)
    let activationLetters = Set(
      axes.operands.indices.filter { $0 < labels.count && labels[$0] != nil }
        .flatMap { axes.operands[$0].letters })
    var made: Set<String> = []
    for (position, term) in axes.operands.enumerated() {
      guard operands.constants.indices.contains(position),
        let tensor = operands.constants[position]
      else { continue }
      for (axis, letter) in term.letters.enumerated() {
        if letter == "1" || letter == "…" { continue }
        if resultLetters.contains(letter) && !activationLetters.contains(letter) {
          if carried[letter] == nil {
            carried[letter] = newAtoms(tensor.shape[axis])
            made.insert(letter)
          }
        }
        guard let ids = carried[letter] else { continue }
        let role: Role =
          made.contains(letter) ? .producer : resultLetters.contains(letter) ? .follower : .consumer
        tie(operand: position, axis: axis, ids, as: role)
      }
    }
  }
}
