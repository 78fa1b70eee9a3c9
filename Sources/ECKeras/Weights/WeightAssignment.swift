import ECDiagnostics
import ECGraph

/// Which stored weight is which weight of which layer.
struct WeightAssignment {
  /// A layer and the weights it owns.
  struct Owner {
    let layer: LayerSource
    /// The weights in creation order.
    let expected: [KerasWeightName]
  }

  /// A weight of a layer: positions in `owners` and in its `expected`.
  struct Slot: Hashable {
    let owner: Int
    let weight: Int
  }

  let owners: [Owner]
  let stored: [WeightName]
  let dialect: KerasDialect
  private let slots: [Slot]

  init(_ owners: [Owner], stored: [WeightName], dialect: KerasDialect) {
    self.owners = owners
    self.stored = stored
    self.dialect = dialect
    slots = owners.indices.flatMap { owner in
      owners[owner].expected.indices.map { Slot(owner: owner, weight: $0) }
    }
  }

  /// The slot of every stored weight; `nil` for the state of random number generators.
  ///
  /// Names decide wherever they tell all weights apart. Else the order decides, as long as no name
  /// speaks against it: weights of equal shape, such as gamma and beta, must not be mixed up.
  /// - Parameter model: the nested model that owns the group, or `nil` for a plain layer.
  /// - Throws: `KerasError.weightNames`.
  func resolve(model: LayerSource?, isMultiBackend: Bool) throws(KerasError) -> [Slot?] {
    let used = stored.indices.filter { !stored[$0].isRandomState || slots.count == stored.count }
    if used.count == slots.count {
      let named = model == nil ? leafSlots(used) : nestedSlots(used)
      if let named { return named }
      for order in orders(model: model, isMultiBackend: isMultiBackend)
      where zip(used, order).allSatisfy({ isPossible($0, $1) }) {
        var result = [Slot?](repeating: nil, count: stored.count)
        for (position, slot) in zip(used, order) { result[position] = slot }
        return result
      }
    }
    let names = slots.map { slot in
      let owner = owners[slot.owner]
      let name = owner.expected[slot.weight].name
      return model == nil ? name : "\(owner.layer.path)/\(name)"
    }
    throw KerasError(.weightNames(expected: names, found: stored.map(\.text)))
  }

  // MARK: Names

  private func matches(_ position: Int, _ slot: Slot) -> Bool {
    let weight = owners[slot.owner].expected[slot.weight]
    return ([weight.name] + weight.aliases).contains {
      stored[position].ends(with: $0, isKeras1: dialect == .keras1)
    }
  }

  /// One stored weight for each name of a plain layer, or `nil`.
  private func leafSlots(_ used: [Int]) -> [Slot?]? {
    assigned(used) { position in slots.filter { matches(position, $0) } }
  }

  /// One stored weight for each name of each layer of a nested model, or `nil`.
  ///
  /// The layer's name stands before the weight's, perhaps with names of models in front of it. The
  /// longest reading counts, since names of layers may hold slashes.
  private func nestedSlots(_ used: [Int]) -> [Slot?]? {
    var byName: [String: [Int]] = [:]
    for (k, owner) in owners.enumerated() {
      let parts = owner.layer.path.split(separator: "/")
      for start in parts.indices {
        byName[parts[start...].joined(separator: "/"), default: []].append(k)
      }
    }
    return assigned(used) { position in
      let parts = stored[position].parts
      for start in parts.indices.dropLast() {
        for end in ((start + 1)..<parts.count).reversed() {
          guard let found = byName[parts[start..<end].joined(separator: "/")] else { continue }
          let fitting = found.flatMap { owner in
            owners[owner].expected.indices.map { Slot(owner: owner, weight: $0) }
          }.filter { matches(position, $0) }
          if !fitting.isEmpty { return fitting }
        }
      }
      return []
    }
  }

  /// The slots if `candidates` gives exactly one for each position, all different.
  private func assigned(_ used: [Int], _ candidates: (Int) -> [Slot]) -> [Slot?]? {
    var result = [Slot?](repeating: nil, count: stored.count)
    var taken: Set<Slot> = []
    for position in used {
      let found = candidates(position)
      guard found.count == 1, taken.insert(found[0]).inserted else { return nil }
      result[position] = found[0]
    }
    return result
  }

  // MARK: Order

  /// Whether nothing in a name speaks against a slot: neither the weight's name nor the layer's.
  private func isPossible(_ position: Int, _ slot: Slot) -> Bool {
    if !matches(position, slot) && slots.contains(where: { matches(position, $0) }) { return false }
    let parts = stored[position].parts
    guard parts.count > 1 else { return true }
    let layer = parts[parts.count - 2]
    let own = owners[slot.owner].layer.name
    return own == layer || own.hasSuffix("/" + layer)
      || !owners.contains { $0.layer.name == layer || $0.layer.name.hasSuffix("/" + layer) }
  }

  /// The orders in which Keras may have listed the weights, the likelier first.
  private func orders(model: LayerSource?, isMultiBackend: Bool) -> [[Slot]] {
    guard let model, let inner = model.model else { return [slots] }
    let positions = Dictionary(
      uniqueKeysWithValues: owners.enumerated().map { ($0.element.layer.id, $0.offset) })
    let tree = WeightTree(model: inner, configs: model.modelConfigs) { layer in
      guard let k = positions[layer.id] else { return [] }
      return owners[k].expected.indices.map {
        (Slot(owner: k, weight: $0), owners[k].expected[$0].isTrainable)
      }
    }
    return isMultiBackend
      ? [tree.multiBackendOrder, tree.order] : [tree.order, tree.multiBackendOrder]
  }
}

/// The weights of a nested model by layer, to tell the order in which Keras lists them.
private struct WeightTree {
  let isTrainable: Bool
  let trained: [WeightAssignment.Slot]
  let statistics: [WeightAssignment.Slot]
  let children: [WeightTree]

  init(
    model: ModelSource, configs: [FormatObject],
    weights: (LayerSource) -> [(slot: WeightAssignment.Slot, isTrainable: Bool)]
  ) {
    children = model.layers.map { layer in
      if let inner = layer.model {
        return WeightTree(model: inner, configs: layer.modelConfigs, weights: weights)
      }
      return WeightTree(layer, weights(layer))
    }
    let withWeights = children.filter { !$0.all.isEmpty }
    // Older files don't say it of a model: then it is frozen if all its layers are.
    let flags = configs.compactMap { $0["trainable"]?.bool }
    isTrainable =
      flags.isEmpty
      ? withWeights.isEmpty || withWeights.contains(where: \.isTrainable)
      : !flags.contains(false)
    trained = []
    statistics = []
  }

  private init(
    _ layer: LayerSource, _ weights: [(slot: WeightAssignment.Slot, isTrainable: Bool)]
  ) {
    isTrainable = layer.config["trainable"]?.bool ?? true
    trained = weights.filter(\.isTrainable).map(\.slot)
    statistics = weights.filter { !$0.isTrainable }.map(\.slot)
    children = []
  }

  /// tf.keras, tf-keras and Keras 3: what is trained; then, layer by layer, what isn't.
  var order: [WeightAssignment.Slot] { trainedPart + restPart }

  private var all: [WeightAssignment.Slot] { trained + statistics + children.flatMap(\.all) }

  private var trainedPart: [WeightAssignment.Slot] {
    isTrainable ? trained + children.flatMap(\.trainedPart) : []
  }

  private var restPart: [WeightAssignment.Slot] {
    isTrainable
      ? statistics + children.flatMap(\.restPart)
      : trained + statistics + children.flatMap(\.order)
  }

  /// Keras 2.0 to 2.3: what is trained, what is frozen, then all statistics.
  var multiBackendOrder: [WeightAssignment.Slot] {
    let leaves = self.leaves(isTrained: true)
    return leaves.filter(\.isTrained).flatMap(\.tree.trained)
      + leaves.filter { !$0.isTrained }.flatMap(\.tree.trained)
      + leaves.flatMap(\.tree.statistics)
  }

  private func leaves(isTrained: Bool) -> [(tree: WeightTree, isTrained: Bool)] {
    let isTrained = isTrained && isTrainable
    if children.isEmpty { return [(self, isTrained)] }
    return children.flatMap { $0.leaves(isTrained: isTrained) }
  }
}
