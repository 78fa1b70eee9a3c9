import ECDiagnostics
public import ECGraph
import ECHDF5

/// Reads Keras models from legacy HDF5 files (`model.save("x.h5")`) of Keras 2, tf-keras and Keras 3.
public struct KerasImporter: Sendable {
  private let table: OperatorTable

  /// Makes an importer that knows the layers of a table.
  public init(table: OperatorTable) {
    self.table = table
  }

  /// Reads a model; weights stay in the file, mapped.
  /// - Throws: `KerasError` that says what, where, and what to do.
  public func model(contentsOf path: String) throws(KerasError) -> KerasModel {
    let place = Place.file(path)
    let file = try KerasImporter.open(path, place)
    let (text, root, version) = try KerasImporter.architecture(file, place)
    let config: FormatValue
    do throws(JSONError) {
      config = try FormatValue(json: text.utf8)
    } catch {
      throw KerasError(.configuration(error.what, offset: error.offset), at: place)
    }
    let dialect = KerasImporter.dialect(of: text, version: version)
    let model = try ModelConfig(config, dialect: dialect, place: place)
    try refuseUnsupported(model, place)
    var builder = ModelBuilder(
      table: table, store: WeightStore(file: file, root: root, path: path), dialect: dialect,
      place: place, name: model.name)
    try builder.buildTopLevel(model)
    let (graph, notes) = builder.finish()
    return KerasModel(
      graph: graph, version: version, dialect: dialect, config: config, notes: notes)
  }

  private static func open(_ path: String, _ place: Place) throws(KerasError) -> HDF5File {
    do throws(HDF5Error) {
      return try HDF5File(path: path)
    } catch {
      if error.reason == .noSuchFile { throw KerasError(.missingFile, at: place) }
      throw KerasError(.unreadable(error.what), at: place)
    }
  }

  /// The configuration's text, the group of the weights, and the version.
  private static func architecture(_ file: borrowing HDF5File, _ place: Place)
    throws(KerasError) -> (String, String, String?)
  {
    let members: [String]
    let isLegacyWeights: Bool
    do throws(HDF5Error) {
      var version = try file.stringAttribute("", "keras_version")
      let hasGroup = try file.exists("model_weights")
      if version == nil && hasGroup {
        version = try file.stringAttribute("model_weights", "keras_version")
      }
      if let text = try file.stringAttribute("", "model_config") {
        return (text, hasGroup ? "model_weights" : "", version)
      }
      let hasNames = try file.attributeExists("", "layer_names")
      let hasChunkedNames = try file.attributeExists("", "layer_names0")
      isLegacyWeights = hasNames || hasChunkedNames || hasGroup
      members = try file.members(of: "")
    } catch {
      throw KerasError(.unreadable(error.what), at: error.place)
    }
    if isLegacyWeights { throw KerasError(.weightsOnly(isVersion3: false), at: place) }
    if !["layers", "_layer_checkpoint_dependencies", "vars"].allSatisfy({ !members.contains($0) }) {
      throw KerasError(.weightsOnly(isVersion3: true), at: place)
    }
    throw KerasError(.notKeras(members: members), at: place)
  }

  /// The generation: by the keys of the configuration first, by the version second.
  private static func dialect(of text: String, version: String?) -> KerasDialect {
    if text.contains("\"keras_history\"") || text.contains("\"batch_shape\"") { return .keras3 }
    if text.contains("\"nb_filter\"") || text.contains("\"border_mode\"")
      || text.contains("\"output_dim\"")
    {
      return .keras1
    }
    return version?.hasPrefix("3") == true ? .keras3 : .keras2
  }

  private func refuseUnsupported(_ model: ModelConfig, _ place: Place) throws(KerasError) {
    var unsupported: [String] = []
    func visit(_ model: ModelConfig, _ prefix: String) {
      for layer in model.layers where !layer.isInput {
        if let inner = layer.model {
          visit(inner, prefix + layer.name + "/")
        } else if table.keras[layer.ruleName] == nil {
          unsupported.append("\(layer.shownClass) '\(prefix + layer.name)'")
        }
      }
    }
    visit(model, "")
    if !unsupported.isEmpty { throw KerasError(.unsupportedLayers(unsupported), at: place) }
  }
}

extension LayerConfig {
  /// The class for a person: operations by their function.
  fileprivate var shownClass: String {
    ruleName.contains(":") ? "operation \(ruleName.split(separator: ":").last ?? "")" : className
  }
}
