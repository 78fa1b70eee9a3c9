import ECGraph

/// The two ways to cut a convolution in groups so that its groups stay equal.
///
/// - Whole groups leave, with their inputs and outputs; the kernel's axis per group stays.
/// - The same number of channels leaves from every group ("thin"): local channel l of all groups
///   leaves together, inputs and outputs apart.
extension Coupling {
  /// Couples a convolution in groups, by the way that leaves smaller steps.
  ///
  /// One of the two axes of the kernel (operand 1) runs over all channels, the other over those of
  /// a group: `outputAxis` is 0 and `inputAxis` 1 for a convolution, and the reverse for a
  /// transposed one. A bias is operand 2.
  mutating func group(_ groups: Int, _ layout: ImageLayout, inputAxis: Int, outputAxis: Int) {
    guard let weights = operands.constants[1], let x = operands.types[0], let labels = labels[0]
    else { return barrier("its kernel is computed") }
    let axis = layout.channelAxis(rank: x.rank)
    let size = (
      input: weights.shape[inputAxis] / (inputAxis == 0 ? groups : 1),
      output: weights.shape[outputAxis] / (outputAxis == 0 ? groups : 1)
    )
    let atoms = newAtoms(size.output * groups)
    let ids = labels.vector(axis: axis, count: size.input * groups)
    if ids == nil { freeze(labels.ids, because: "its channels stand along several axes here") }
    if let ids, groups > min(size.input, size.output), ids.allSatisfy({ $0 != 0 }) {
      let inputs = Coupling.parted(ids, groups)
      let outputs = Coupling.parted(atoms, groups)
      for (read, made) in zip(inputs, outputs) {
        for id in read.dropFirst() + made { unite([read[0]], [id]) }
      }
      if inputAxis == 0 {
        tie(operand: 1, axis: 0, ids, as: .follower)
      } else {
        tie(operand: 1, axis: 0, atoms, as: .producer)
      }
    } else {
      if let ids {
        let local = uniteLocals(ids, groups)
        tie(operand: 1, axis: inputAxis, inputAxis == 0 ? ids : local, as: .consumer)
      }
      let local = uniteLocals(atoms, groups)
      tie(operand: 1, axis: outputAxis, outputAxis == 0 ? atoms : local, as: .producer)
    }
    if operands.has(2) { tie(operand: 2, axis: 0, atoms, as: .producer) }
    setResult(0, .along(axis: axis, rank: x.rank, atoms))
  }

  /// Unites the local channel l of all groups; gives the first group's.
  private mutating func uniteLocals(_ ids: [Int32], _ groups: Int) -> [Int32] {
    let parts = Coupling.parted(ids, groups)
    for part in parts.dropFirst() { unite(parts[0], part) }
    return parts[0]
  }

  private static func parted(_ ids: [Int32], _ groups: Int) -> [[Int32]] {
    let size = ids.count / groups
    return (0..<groups).map { Array(ids[($0 * size)..<(($0 + 1) * size)]) }
  }
}

extension Cut {
  /// The number of groups of a convolution that is left.
  /// - Parameter perGroup: the axis of the kernel that runs over the inputs of one group.
  func groups(_ groups: Int, _ layout: ImageLayout, perGroup: Int?) throws(GraphError) -> Int {
    guard groups > 1, let x = operands.types[0], let weights = operands.types[1] else {
      return groups
    }
    let axis = layout.channelAxis(rank: x.rank)
    guard let channels = x.shape[axis].value, let kept = operandKeeps[0][axis] else {
      return groups
    }
    // A group that is still there has all its inputs, or as many as every other.
    let size = channels / groups
    let present = Set(kept.map { $0 / size }).count
    let local = perGroup.flatMap { axis in
      operandKeeps[1][axis]?.count ?? weights.shape[axis].value
    }
    guard local.map({ $0 * present == kept.count }) ?? (kept.count % present == 0) else {
      throw GraphError(.cutNotRectangular("the groups of a convolution would differ"))
    }
    return present
  }
}
