import ECArchive
import ECDiagnostics
import ECGraph
import ECHDF5

extension KerasWriter {
  /// Writes a `.keras` archive, as `model.save("model.keras")` does; one that is there is replaced.
  ///
  /// Equal documents give equal bytes, so the date that Keras notes is always the same.
  /// - Parameter scratch: where the weights are put together before they are packed; the file is
  ///   left there.
  /// - Throws: `KerasError` if one of the files can't be written.
  public func writeArchive(toFile path: String, scratch: String) throws(KerasError) {
    let layers = try layersInLoadingOrder()
    do throws(HDF5Error) {
      let file = try HDF5Writer(creating: scratch)
      try writeNumbered(layers, at: "", to: file)
      try file.close()
    } catch {
      throw KerasError(writing: error)
    }
    var metadata: FormatObject = [
      "keras_version": .string(document.version),
      "date_saved": .string("1980-01-01@00:00:00"),
    ]
    if !document.classes.isEmpty {
      metadata["classes"] = .list(document.classes.map { .string($0) })
    }
    do throws(ArchiveError) {
      var archive = try ArchiveWriter(creating: path)
      try archive.add("metadata.json", bytes: Array(FormatValue.object(metadata).json().utf8))
      try archive.add("config.json", bytes: Array(document.architecture.json().utf8))
      try archive.add("model.weights.h5", contentsOf: scratch)
      try archive.finish()
    } catch {
      throw KerasError(writing: error)
    }
  }

  /// The layers of a model under the names of their classes with counts behind them, the weights of
  /// each by number.
  private func writeNumbered(
    _ layers: [KerasDocument.Layer], at path: String, to file: borrowing HDF5Writer
  ) throws(HDF5Error) {
    try file.group("\(path)vars")
    var counts: [String: Int] = [:]
    for layer in layers {
      let base = SnakeCase.of(ConfigReader.baseName(layer.loadedClassName))
      let count = counts[base, default: 0]
      counts[base] = count + 1
      let group = "\(path)layers/\(base)\(count == 0 ? "" : "_\(count)")"
      switch layer.content {
      case .model(let inner):
        let isStepped = layer.className == LayerSource.stepping
        try writeNumbered(inner, at: group + (isStepped ? "/layer/" : "/"), to: file)
      case .weights(let weights):
        try file.attribute("\(group)/vars", "name", layer.name)
        var numbers: [String: Int] = [:]
        for weight in weights.filter(\.isTrainable) + weights.filter({ !$0.isTrainable }) {
          let vars = "\(group)/\(weight.sublayer.map { "\($0)/vars" } ?? "vars")"
          let number = numbers[vars, default: 0]
          numbers[vars] = number + 1
          try write(weight.tensor, to: "\(vars)/\(number)", of: file)
        }
      }
    }
  }
}

extension KerasDocument.Layer {
  /// The class that the loaders make of it: `Model` is the old name of a functional model.
  fileprivate var loadedClassName: String {
    if case .model = content, className == "Model" { return "Functional" }
    return className
  }
}
