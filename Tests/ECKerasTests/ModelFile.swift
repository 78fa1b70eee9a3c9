import ECGraph
import ECHDF5
import ECKeras
import ECOperators
import ECTestSupport
import Glibc

/// A small legacy file that a test writes itself.
struct ModelFile {
  /// One weight: the name as listed, the extents, and the value that all elements have.
  struct Weight {
    let name: String
    let shape: [Int]
    let value: Float
    var isMissing = false
  }

  var config: String?
  var version = "2.15.0"
  var groups: [(name: String, weights: [Weight])] = []

  /// Writes the file and lets `body` use its path.
  func write<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(folder) }
    let path = "\(folder)/model.h5"
    let writer = try HDF5Writer(creating: path)
    if let config { try writer.attribute("", "model_config", config) }
    try writer.attribute("", "keras_version", version)
    try writer.attribute("model_weights", "layer_names", groups.map(\.name))
    for group in groups {
      let root = "model_weights/\(group.name)"
      try writer.attribute(root, "weight_names", group.weights.map(\.name))
      for weight in group.weights where !weight.isMissing {
        let count = weight.shape.reduce(1, *)
        try writer.dataset(
          "\(root)/\(weight.name)", shape: weight.shape,
          [Float](repeating: weight.value, count: count))
      }
    }
    try writer.close()
    return try body(path)
  }

  /// The model that the importer reads from this file.
  func read() throws -> KerasModel {
    try write { try KerasImporter(table: .standard).model(contentsOf: $0) }
  }

  /// The error that the importer throws for this file.
  func fault() throws -> KerasError? {
    try write { path in importFault(path) }
  }
}

/// The error that the importer throws for a file.
func importFault(_ path: String) -> KerasError? {
  do throws(KerasError) {
    _ = try KerasImporter(table: .standard).model(contentsOf: path)
    return nil
  } catch {
    return error
  }
}

/// The first element of an initializer.
func first(_ name: String, of model: KerasModel) -> Float? {
  model.graph.value(named: name).flatMap { model.graph.constant($0)?.floats().first }
}
