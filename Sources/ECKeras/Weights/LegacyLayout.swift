import ECDiagnostics
import ECGraph

/// Loads the weights of a legacy file: one group for each layer of the outermost model.
struct LegacyLayout {
  let table: OperatorTable
  private var dialect: KerasDialect { loaded.kernelOrder.dialect }
  /// Whether multi-backend Keras 2 wrote the file, which lists frozen weights in its own order.
  let isMultiBackend: Bool
  /// The group of the groups; empty for the file's root.
  let root: String
  private(set) var loaded: LoadedWeights

  init(table: OperatorTable, order: KernelOrder, isMultiBackend: Bool, root: String) {
    self.table = table
    loaded = LoadedWeights(kernelOrder: order)
    self.isMultiBackend = isMultiBackend
    self.root = root
  }

  /// Loads the weights of the file's own model, whose layers have the names of the groups.
  mutating func load(_ model: ModelSource, from file: inout WeightFile) throws(KerasError) {
    let layers = Dictionary(uniqueKeysWithValues: model.layers.map { ($0.name, $0) })
    var seen: Set<String> = []
    for name in try groupNames(file) where seen.insert(name).inserted {
      guard let names = try weightNames(of: name, file) else {
        let owners = layers[name].map { table.owners(of: $0, dialect) } ?? []
        if owners.isEmpty { continue }
        throw KerasError(.missingGroup, at: .layer(name))
      }
      try load(layers[name], group: name, names: names, from: &file)
    }
    // A file may list its layers incompletely, but not have weights missing.
    for layer in model.layers
    where !seen.contains(layer.name) && !table.owners(of: layer, dialect).isEmpty {
      guard let names = try weightNames(of: layer.name, file) else {
        throw KerasError(.missingGroup, at: .layer(layer.name))
      }
      try load(layer, group: layer.name, names: names, from: &file)
    }
  }

  /// Loads the weights of a model that came from elsewhere.
  /// - Throws: `KerasError.weightMismatch` if the groups can't be told apart.
  mutating func load(foreign model: ModelSource, from file: inout WeightFile) throws(KerasError) {
    var stored: [(name: String, weights: [WeightName])] = []
    for name in try groupNames(file) {
      guard let names = try weightNames(of: name, file) else { continue }
      if !names.isEmpty { stored.append((name, names)) }
    }
    let layers = model.layers.filter { !table.owners(of: $0, dialect).isEmpty }
    let matching = try LayerMatching(layers: layers, groups: stored.map(\.name))
    loaded.notes += matching.notes
    for (layer, position) in zip(layers, matching.positions) {
      try load(
        layer, group: stored[position].name, names: stored[position].weights, from: &file)
    }
  }

  private mutating func load(
    _ layer: LayerSource?, group: String, names: [WeightName], from file: inout WeightFile
  ) throws(KerasError) {
    let owners = layer.map { table.owners(of: $0, dialect) } ?? []
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
    try loaded.take(
      names, of: group, at: path(group), owners: owners, slots: slots, from: &file)
  }

  private func groupNames(_ file: borrowing WeightFile) throws(KerasError) -> [String] {
    try file.names("layer_names", of: root) ?? []
  }

  private func weightNames(of group: String, _ file: borrowing WeightFile) throws(KerasError)
    -> [WeightName]?
  {
    try file.names("weight_names", of: path(group))?.map { WeightName($0) }
  }

  private func path(_ group: String) -> String { root.isEmpty ? group : "\(root)/\(group)" }
}
