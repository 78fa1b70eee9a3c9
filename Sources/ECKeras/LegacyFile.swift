import ECDiagnostics
import ECHDF5

/// A legacy HDF5 file with a whole model: what its root says, and where the weights are.
struct LegacyFile: ~Copyable {
  private let file: HDF5File
  private let root: String
  /// The JSON text of `model_config`.
  let architecture: String
  let version: String?
  let backend: String?

  /// Opens a file.
  /// - Throws: `KerasError` that tells what the file is, if it isn't a whole legacy model.
  init(path: String) throws(KerasError) {
    let file = try LegacyFile.open(path)
    let header = try LegacyFile.header(of: file)
    self.file = file
    (root, architecture, version, backend) = header
  }

  private static func open(_ path: String) throws(KerasError) -> HDF5File {
    do {
      return try HDF5File(path: path)
    } catch {
      if error.reason == .notHDF5, let kind = SourceKind.identify(path) {
        throw KerasError(.notLegacyFile(kind))
      }
      throw KerasError(error)
    }
  }

  private static func header(of file: borrowing HDF5File) throws(KerasError)
    -> (root: String, architecture: String, version: String?, backend: String?)
  {
    let fault: KerasError
    do throws(HDF5Error) {
      let hasGroup = try file.exists("model_weights")
      let root = hasGroup ? "model_weights" : ""
      if let architecture = try file.stringAttribute("", "model_config") {
        return (
          root, architecture, try text("keras_version", file, hasGroup),
          try text("backend", file, hasGroup)
        )
      }
      fault = try self.fault(of: file, root: root)
    } catch {
      throw KerasError(error)
    }
    throw fault
  }

  /// The weights.
  consuming func weights() throws(KerasError) -> LegacyWeights {
    try LegacyWeights(file: file, root: root)
  }

  /// An attribute of the root, or else of the group of the weights.
  private static func text(_ name: String, _ file: borrowing HDF5File, _ hasGroup: Bool)
    throws(HDF5Error) -> String?
  {
    if let text = try file.stringAttribute("", name) { return text }
    return hasGroup ? try file.stringAttribute("model_weights", name) : nil
  }

  /// What a file without an architecture is.
  private static func fault(of file: borrowing HDF5File, root: String) throws(HDF5Error)
    -> KerasError
  {
    if let names = try file.stringListAttribute(root, "layer_names") {
      return KerasError(.weightsOnly(layerCount: names.count))
    }
    let members = try file.members(of: "")
    if root == "model_weights" {
      return KerasError(.weightsOnly(layerCount: try file.members(of: root).count))
    }
    let isVersion3 = ["layers", "vars", "_layer_checkpoint_dependencies"].contains {
      members.contains($0)
    }
    return KerasError(isVersion3 ? .weightsOnlyVersion3 : .unknownContent(members: members))
  }
}
