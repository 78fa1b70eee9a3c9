import ECGraph
import ECPasses

/// The tensors of two models that stand for the same thing, in the order in which the first computes
/// them.
struct TensorPairs {
  /// How tensors were found to belong together.
  enum Key: String, Sendable {
    /// They have the same name.
    case name
    /// The names tell nothing; operators of the same kind follow each other in the same order.
    case order
  }

  /// A tensor of each model.
  struct Pair {
    /// Of the model that says what is right.
    let reference: ValueID
    /// Of the model that is checked.
    let candidate: ValueID
  }

  /// How they were paired.
  let key: Key
  /// The models as they are run to see these tensors.
  let reference: Graph
  let candidate: Graph
  /// In the reference's order.
  let pairs: [Pair]
  /// The tensors of the reference that have no counterpart, in its order.
  let unpaired: [ValueID]

  /// Pairs by names where half of the names of the smaller model are also in the other, and by order
  /// elsewhere. Outputs belong together by their position.
  init(_ reference: Graph, _ candidate: Graph) throws {
    let named = TensorPairs.byName(reference, candidate)
    let counts = [reference, candidate].map(\.computedTensors.count)
    if named.count * 2 >= counts.min() ?? 0 {
      self.init(.name, reference, candidate, named)
      return
    }
    // A normalization that only one model still has would make its layers look different.
    var (reference, candidate) = (reference, candidate)
    _ = try FoldBatchNorm().run(on: &reference)
    _ = try FoldBatchNorm().run(on: &candidate)
    self.init(.order, reference, candidate, TensorPairs.inOrder(reference, candidate))
  }

  private init(_ key: Key, _ reference: Graph, _ candidate: Graph, _ found: [Pair]) {
    (self.key, self.reference, self.candidate) = (key, reference, candidate)
    // An output may be called otherwise, and another tensor like it.
    let ends = Dictionary(
      zip(reference.outputs, candidate.outputs), uniquingKeysWith: { first, _ in first })
    let taken = Set(candidate.outputs)
    var partners: [ValueID: ValueID] = [:]
    for pair in found where !taken.contains(pair.candidate) {
      partners[pair.reference] = pair.candidate
    }
    partners.merge(ends) { _, end in end }
    let truth = reference.computedTensors
    pairs = truth.compactMap { id in
      partners[id].map { Pair(reference: id, candidate: $0) }
    }
    unpaired = truth.filter { partners[$0] == nil }
  }

  private static func byName(_ reference: Graph, _ candidate: Graph) -> [Pair] {
    var names: [String: ValueID] = [:]
    for id in candidate.computedTensors where !candidate[id].name.isOnlyNumber {
      names[candidate[id].name] = id
    }
    return reference.computedTensors.compactMap { id in
      names[reference[id].name].map { Pair(reference: id, candidate: $0) }
    }
  }

  /// The longest sequence of operators that both models have, by kind and rank of what they give.
  private static func inOrder(_ reference: Graph, _ candidate: Graph) -> [Pair] {
    let (truth, found) = (reference.computedTensors, candidate.computedTensors)
    let keys = (truth.map(reference.kind), found.map(candidate.kind))
    var gone: Set<Int> = []
    var new: Set<Int> = []
    for change in keys.1.difference(from: keys.0) {
      switch change {
      case .remove(let offset, _, _): gone.insert(offset)
      case .insert(let offset, _, _): new.insert(offset)
      }
    }
    let kept = truth.indices.filter { !gone.contains($0) }
    let met = found.indices.filter { !new.contains($0) }
    return zip(kept, met).map { Pair(reference: truth[$0], candidate: found[$1]) }
  }
}

extension Graph {
  /// The results of nodes that are numbers, in topological order.
  fileprivate var computedTensors: [ValueID] {
    order.flatMap { self[$0].outputs }.filter { id in
      let type = self[id].type
      return type.isKnown && type.rank > 0 && type.elementType.isFloatingPoint
    }
  }

  /// The kind of operator that makes a value, and the value's rank.
  fileprivate func kind(of id: ValueID) -> String {
    let name = self[id].producer.map { self[$0].op.name } ?? ""
    return "\(name)/\(self[id].type.rank)"
  }
}

extension String {
  /// Whether a name is a running number, which says nothing about what it stands for.
  fileprivate var isOnlyNumber: Bool { allSatisfy { $0.isNumber } }
}
