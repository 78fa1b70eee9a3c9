import ECDiagnostics
import ECGraph
import ECTensor

/// Loads the weights of all layers of a model from a legacy file.
struct WeightLoader {
  let table: OperatorTable
  let dialect: KerasDialect
  /// Whether multi-backend Keras 2 wrote the file, which lists frozen weights in its own order.
  let isMultiBackend: Bool
  /// The weights by the layer's id and the name that its rule uses.
  private(set) var tensors: [Int: [String: Tensor]] = [:]
  /// What the file holds, in its order, with the layer's id.
  private(set) var groups: [(group: KerasModel.StoredGroup, owners: [Int?])] = []

  init(table: OperatorTable, dialect: KerasDialect, isMultiBackend: Bool) {
    self.table = table
    self.dialect = dialect
    self.isMultiBackend = isMultiBackend
  }

  mutating func load(_ model: ModelSource, from file: inout LegacyWeights) throws(KerasError) {
    let layers = Dictionary(uniqueKeysWithValues: model.layers.map { ($0.name, $0) })
    var loaded: Set<String> = []
    for name in file.groupNames where loaded.insert(name).inserted {
      guard let names = try file.names(in: name) else {
        let owners = layers[name].map { self.owners(of: $0) } ?? []
        if owners.isEmpty { continue }
        throw KerasError(.missingGroup, at: .layer(name))
      }
      try load(layers[name], name: name, names: names, from: &file)
    }
    // A file may list its layers incompletely, but not have weights missing.
    for layer in model.layers where !loaded.contains(layer.name) && !owners(of: layer).isEmpty {
      guard let names = try file.names(in: layer.name) else {
        throw KerasError(.missingGroup, at: .layer(layer.name))
      }
      try load(layer, name: layer.name, names: names, from: &file)
    }
  }

  private mutating func load(
    _ layer: LayerSource?, name: String, names: [WeightName], from file: inout LegacyWeights
  ) throws(KerasError) {
    let owners = layer.map { self.owners(of: $0) } ?? []
    let assignment = WeightAssignment(owners, stored: names, dialect: dialect)
    var slots = [WeightAssignment.Slot?](repeating: nil, count: names.count)
    if let layer {
      do {
        slots = try assignment.resolve(
          model: layer.model == nil ? nil : layer, isMultiBackend: isMultiBackend)
      } catch {
        throw KerasError(error.reason, at: .layer(layer.path))
      }
    }
    var weights: [KerasModel.StoredWeight] = []
    for (stored, slot) in zip(names, slots) {
      let description = try file.description(stored, in: name)
      let owner = slot.map { owners[$0.owner] }
      let weight = slot.flatMap { owner?.expected[$0.weight].name }
      if let owner, let weight {
        tensors[owner.layer.id, default: [:]][weight] = try file.tensor(
          stored, description, in: name)
      }
      weights.append(
        KerasModel.StoredWeight(
          name: stored.text, layer: owner?.layer.path, weight: weight, initializers: [:],
          shape: description.shape, elementType: description.elementKind.elementType))
    }
    groups.append(
      (
        KerasModel.StoredGroup(name: name, weights: weights),
        slots.map { $0.map { owners[$0.owner].layer.id } }
      ))
  }

  /// The layers of a layer or nested model that own weights.
  private func owners(of layer: LayerSource) -> [WeightAssignment.Owner] {
    (layer.model?.leaves ?? [layer]).compactMap { leaf in
      guard let rule = table.keras[leaf.ruleName] else { return nil }
      let neutral = KerasLayer(
        name: leaf.path, className: leaf.ruleName, config: leaf.config, dialect: dialect)
      let expected = rule.weights(neutral)
      return expected.isEmpty ? nil : WeightAssignment.Owner(layer: leaf, expected: expected)
    }
  }
}
