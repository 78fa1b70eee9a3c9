import ECDiagnostics
public import ECGraph
import ECHDF5

/// Reads Keras models: `.keras` archives, legacy HDF5 files, and files of weights with an
/// architecture from elsewhere.
///
/// Knows the files of Keras 2 (multi-backend, tf.keras, tf-keras) and Keras 3, and the usual layers
/// of Keras 1. Layers become operators by the rules of a table; a rule is looked up by the class
/// name, by `op:<class>` for operations that Keras 3 records as layers, and by `<class>:<function>`
/// for `TFOpLambda` and `SlicingOpLambda`.
public struct KerasImporter: Sendable {
  private let table: OperatorTable

  /// Makes an importer that knows the layers of a table.
  public init(table: OperatorTable) {
    self.table = table
  }

  /// Reads a model; float32 weights stay in the file and are mapped, no element is touched.
  ///
  /// Inputs and outputs have the names of their layers; other values those of the layers that make
  /// them, with the names of the models around them (`base/conv1`).
  /// - Parameter architecture: what the weights belong to, for a file that doesn't say it.
  /// - Throws: `KerasError` with the file, the layer and the weight.
  public func model(contentsOf path: String, architecture: KerasArchitecture? = nil)
    throws(KerasError) -> KerasModel
  {
    do {
      return try read(path, architecture)
    } catch {
      throw error.inside(.file(path))
    }
  }

  private func read(_ path: String, _ architecture: KerasArchitecture?) throws(KerasError)
    -> KerasModel
  {
    let file = try KerasFile(path: path)
    let header = file.header
    var weights = file.weights()
    let config = try config(header, weights, architecture)
    let dialect = KerasDialect(config: config, version: header.version)
    var reader = ConfigReader(dialect: dialect)
    let source = try reader.document(config)
    try refuseUnsupported(source)

    let loaded = try load(
      source, header, dialect, isForeign: header.architecture == nil, from: &weights)
    var drawing = GraphDrawing(table: table, weights: loaded.tensors, name: source.name)
    var graph = try drawing.draw(source)
    if !header.classes.isEmpty { graph.setClasses(header.classes) }
    let groups = loaded.groups.map { entry in
      KerasModel.StoredGroup(
        name: entry.group.name,
        weights: zip(entry.group.weights, entry.owners).map { weight, owner in
          var weight = weight
          if let owner { weight.initializers = drawing.initializers(of: owner, in: graph) }
          return weight
        })
    }
    return KerasModel(
      graph: graph, version: header.version, backend: header.backend, dialect: dialect,
      notes: reader.notes + loaded.kernelOrder.notes(source) + loaded.notes + weights.notes,
      config: config, layout: header.layout, groups: groups, record: drawing.record(of: source))
  }

  /// The architecture in the file, or else the one given.
  private func config(
    _ header: KerasFile.Header, _ weights: borrowing WeightFile, _ given: KerasArchitecture?
  ) throws(KerasError) -> FormatValue {
    if let text = header.architecture {
      if let given { throw KerasError(.hasArchitecture(given: given.name)) }
      do throws(JSONError) {
        return try FormatValue(json: text)
      } catch {
        throw KerasError(.badJSON(error.what, offset: error.offset))
      }
    }
    if let given { return given.config }
    let groups = try weights.survey(header.layout).groups
    let family = FamilyGuess.family(groups.compactMap(\.name))
    throw KerasError(.weightsOnly(groupCount: groups.count, family: family))
  }

  private func load(
    _ model: ModelSource, _ header: KerasFile.Header, _ dialect: KerasDialect, isForeign: Bool,
    from file: inout WeightFile
  ) throws(KerasError) -> LoadedWeights {
    let order = KernelOrder(dialect: dialect, backend: header.backend)
    switch header.layout {
    case .version3:
      var layout = Version3Layout(table: table, order: order)
      try layout.load(model, from: &file)
      return layout.loaded
    case .legacy(let root):
      var layout = LegacyLayout(
        table: table, order: order,
        isMultiBackend: isMultiBackend(dialect, header.version), root: root)
      if isForeign {
        try layout.load(foreign: model, from: &file)
      } else {
        try layout.load(model, from: &file)
      }
      return layout.loaded
    }
  }

  /// Whether the `keras` package of Keras 2 wrote the file, not tf.keras.
  private func isMultiBackend(_ dialect: KerasDialect, _ version: String?) -> Bool {
    guard dialect < .keras3, let version, !version.hasSuffix("-tf") else {
      return dialect == .keras1
    }
    return ["1.", "2.0.", "2.1.", "2.2.", "2.3."].contains { version.hasPrefix($0) }
  }

  /// Lists all layers that no rule is known for, before anything is built.
  private func refuseUnsupported(_ model: ModelSource) throws(KerasError) {
    var found: [(className: String, kind: UnsupportedLayer.Kind, layers: [String])] = []
    for layer in model.leaves where !layer.isInput {
      guard let kind = fault(of: layer) else { continue }
      let shown =
        kind == .operation
        ? String(layer.ruleName.drop { $0 != ":" }.dropFirst())
        : layer.ruleName.hasPrefix(layer.declaredClass + " ") ? layer.ruleName : layer.declaredClass
      if let k = found.firstIndex(where: { $0.className == shown && $0.kind == kind }) {
        found[k].layers.append(layer.path)
      } else {
        found.append((shown, kind, [layer.path]))
      }
    }
    if found.isEmpty { return }
    throw KerasError(
      .unsupported(
        found.map {
          UnsupportedLayer(className: $0.className, kind: $0.kind, layers: $0.layers)
        }))
  }

  private func fault(of layer: LayerSource) -> UnsupportedLayer.Kind? {
    if let policy = layer.config["dtype"]?.object {
      let name = policy["config"]?.object?["name"]?.string ?? policy["class_name"]?.string ?? ""
      if policy["class_name"]?.string?.hasPrefix("Quantized") ?? false || name.contains("_from_") {
        return .quantized(name)
      }
    }
    if layer.ruleName.hasPrefix("custom:") { return .custom }
    if table.keras[layer.ruleName] != nil { return nil }
    if layer.ruleName.contains(":") { return .operation }
    if layer.ruleName == "Lambda" { return .lambda }
    return .layer
  }
}
