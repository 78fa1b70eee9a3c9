import ECDiagnostics
import ECGraph

/// Loads weights in the layout of Keras 3, as `.keras` archives and `.weights.h5` files have it.
///
/// A layer's group has the name of its class, in snake case, with a count behind it; its weights are
/// numbered data sets in `vars`, or in the `vars` of a layer inside. Models nest.
struct Version3Layout {
  let table: OperatorTable
  private var dialect: KerasDialect { loaded.kernelOrder.dialect }
  private(set) var loaded: LoadedWeights
  private var mismatches: [WeightMismatch] = []

  init(table: OperatorTable, order: KernelOrder) {
    self.table = table
    loaded = LoadedWeights(kernelOrder: order)
  }

  /// Loads the weights of a model.
  /// - Throws: `KerasError.weightMismatch` with everything that is missing or left over.
  mutating func load(_ model: ModelSource, from file: inout WeightFile) throws(KerasError) {
    try load(model, at: "", from: &file)
    if !mismatches.isEmpty { throw KerasError(.weightMismatch(mismatches)) }
  }

  private mutating func load(_ model: ModelSource, at path: String, from file: inout WeightFile)
    throws(KerasError)
  {
    let container = try Version3Layout.container(at: path, in: file)
    let keys = Version3Layout.keys(of: model)
    let members = Set(try file.members(of: container))
    for (layer, key) in zip(model.layers, keys) {
      guard let inner = layer.model, let key else { continue }
      let path = "\(container)/\(key)" + (layer.isStepped ? "/layer" : "")
      try load(inner, at: path, from: &file)
    }

    var leaves: [(layer: LayerSource, key: String, expected: [KerasWeightName])] = []
    for (layer, key) in zip(model.layers, keys) where layer.model == nil {
      let expected = table.weightNames(of: layer, dialect)
      guard let key, !expected.isEmpty else { continue }
      leaves.append((layer, key, expected))
    }
    let absent = leaves.filter { !members.contains($0.key) }
    var extras: [String] = []
    for key in members.subtracting(keys.compactMap { $0 }).sorted() {
      if try hasData("\(container)/\(key)", file) { extras.append(key) }
    }
    if !absent.isEmpty || !extras.isEmpty {
      mismatches += absent.map { .missing($0.layer.path) }
      mismatches += extras.map { .extra("\(container)/\($0)") }
      return
    }

    // Later versions of Keras 3 write the layers' names, which tell more than the counts.
    var names: [String] = []
    for leaf in leaves {
      let name = try file.text("name", of: "\(container)/\(leaf.key)/vars")
      names.append(name ?? leaf.layer.name)
    }
    let matching = try LayerMatching(layers: leaves.map(\.layer), groups: names)
    loaded.notes += matching.notes
    for (leaf, position) in zip(leaves, matching.positions) {
      try load(
        leaf.layer, leaf.expected, at: "\(container)/\(leaves[position].key)", from: &file)
    }
  }

  /// Loads the weights of one layer.
  private mutating func load(
    _ layer: LayerSource, _ expected: [KerasWeightName], at path: String,
    from file: inout WeightFile
  ) throws(KerasError) {
    var names: [WeightName] = []
    var slots: [WeightAssignment.Slot?] = []
    var counts: [String: Int] = [:]
    for (k, weight) in expected.enumerated() {
      let vars = weight.sublayer.map { "\($0)/vars" } ?? "vars"
      let count = counts[vars, default: 0]
      counts[vars] = count + 1
      if try file.members(of: "\(path)/\(vars)").contains("\(count)") {
        names.append(WeightName("\(vars)/\(count)"))
        slots.append(WeightAssignment.Slot(owner: 0, weight: k))
      } else {
        mismatches.append(.missing("\(layer.path)/\(weight.name)"))
      }
    }
    for (vars, count) in counts.sorted(by: { $0.key < $1.key }) {
      for member in try file.members(of: "\(path)/\(vars)")
      where Int(member).map({ $0 >= count }) ?? true {
        mismatches.append(.extra("\(path)/\(vars)/\(member)"))
      }
    }
    try loaded.take(
      names, of: path, at: path,
      owners: [WeightAssignment.Owner(layer: layer, expected: expected)], slots: slots,
      from: &file)
  }

  private func hasData(_ path: String, _ file: borrowing WeightFile) throws(KerasError) -> Bool {
    for member in try file.members(of: path) where member != "seed_generator" {
      if try hasData("\(path)/\(member)", file) { return true }
      if path.hasSuffix("/vars") { return true }
    }
    return false
  }

  /// The group of a model's layers: the oldest files call it otherwise.
  private static func container(at path: String, in file: borrowing WeightFile) throws(KerasError)
    -> String
  {
    let prefix = path.isEmpty ? "" : path + "/"
    let members = try file.members(of: path)
    let old = "_layer_checkpoint_dependencies"
    return prefix + (members.contains("layers") || !members.contains(old) ? "layers" : old)
  }

  /// The names of the groups of a model's layers; `nil` for operations, which are no layers.
  private static func keys(of model: ModelSource) -> [String?] {
    var counts: [String: Int] = [:]
    return model.layers.map { layer in
      if layer.ruleName.hasPrefix("op:") || layer.isInput { return nil }
      let base = SnakeCase.of(ConfigReader.baseName(layer.declaredClass))
      let count = counts[base, default: 0]
      counts[base] = count + 1
      return count == 0 ? base : "\(base)_\(count)"
    }
  }
}
