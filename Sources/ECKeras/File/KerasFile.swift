import ECArchive
import ECDiagnostics
import ECGraph
import ECHDF5
import Glibc

/// A Keras file that was opened: what it says of its model, and its weights.
struct KerasFile: ~Copyable {
  /// What stands beside the weights.
  struct Header {
    /// The JSON text of the architecture, if the file has one.
    var architecture: [UInt8]?
    var version: String?
    var backend: String?
    /// The names of the classes, where a fine-tuning noted them.
    var classes: [String] = []
    var layout: KerasModel.WeightLayout
  }

  let header: Header
  private let weightFile: WeightFile

  /// Opens a file, whatever its name ends with.
  /// - Throws: `KerasError` that tells what the file is, if Keras writes nothing like it.
  init(path: String) throws(KerasError) {
    if KerasFile.isArchive(path) {
      let archive = try KerasFile.archive(path)
      let entry = try KerasFile.weightEntry(of: archive)
      let header = try KerasFile.header(of: archive)
      let file = try WeightFile(entry: entry, of: archive, path: path)
      self.init(header: header, file: file)
    } else {
      let file = try WeightFile(path: path)
      let header = try KerasFile.header(of: file)
      self.init(header: header, file: file)
    }
  }

  private init(header: Header, file: consuming WeightFile) {
    self.header = header
    weightFile = file
  }

  /// The weights.
  consuming func weights() -> WeightFile { weightFile }

  // MARK: HDF5

  private static func header(of file: borrowing WeightFile) throws(KerasError) -> Header {
    let members = try file.members(of: "")
    let hasGroup = members.contains("model_weights")
    let root = hasGroup ? "model_weights" : ""
    func attribute(_ name: String) throws(KerasError) -> String? {
      if let text = try file.text(name, of: "") { return text }
      return hasGroup ? try file.text(name, of: root) : nil
    }
    let architecture = try file.text("model_config", of: "")
    let isVersion3 =
      !hasGroup
      && ["layers", "vars", "_layer_checkpoint_dependencies"].contains { members.contains($0) }
    guard architecture == nil, !hasGroup, try file.names("layer_names", of: "")?.isEmpty ?? true
    else {
      return Header(
        architecture: architecture.map { Array($0.utf8) }, version: try attribute("keras_version"),
        backend: try attribute("backend"), classes: try file.names("classes", of: "") ?? [],
        layout: .legacy(root: root))
    }
    guard isVersion3 else { throw KerasError(.unknownContent(members: members)) }
    return Header(layout: .version3)
  }

  // MARK: Archives

  /// The largest text that is read out of an archive, in bytes.
  private static let textLimit = 1 << 28

  private static func isArchive(_ path: String) -> Bool {
    guard let stream = fopen(path, "rb") else { return false }
    defer { fclose(stream) }
    var head = [UInt8](repeating: 0, count: 4)
    return fread(&head, 1, 4, stream) == 4 && head == [0x50, 0x4B, 0x03, 0x04]
  }

  private static func archive(_ path: String) throws(KerasError) -> Archive {
    let archive: Archive
    do {
      archive = try Archive(path: path)
    } catch {
      // Of archives that can't be opened some still tell that they are none of Keras.
      if case .damaged = error.reason, let kind = SourceKind.identify(path), kind != .kerasArchive,
        kind != .zip
      {
        throw KerasError(.otherFile(kind))
      }
      throw KerasError(error)
    }
    if archive.entry("config.json") == nil, archive.entry("metadata.json") == nil,
      archive.entry("model.weights.h5") == nil
    {
      throw KerasError(.otherFile(SourceKind(entries: archive.entries.map(\.name))))
    }
    return archive
  }

  private static func weightEntry(of archive: borrowing Archive) throws(KerasError)
    -> Archive.Entry
  {
    if archive.entry("model.weights.h5") == nil, archive.entry("model.weights.json") != nil {
      throw KerasError(.sharded)
    }
    do {
      return try archive.requiredEntry("model.weights.h5")
    } catch {
      throw KerasError(error)
    }
  }

  private static func header(of archive: borrowing Archive) throws(KerasError) -> Header {
    do throws(ArchiveError) {
      let config = try archive.requiredEntry("config.json")
      var header = Header(
        architecture: try archive.bytes(of: config, limit: textLimit), layout: .version3)
      if let entry = archive.entry("metadata.json") {
        header.add(metadata: try archive.bytes(of: entry, limit: textLimit))
      }
      return header
    } catch {
      throw KerasError(error)
    }
  }

}

extension KerasFile.Header {
  /// Takes version and classes from `metadata.json`; a broken one says nothing.
  fileprivate mutating func add(metadata text: [UInt8]) {
    let object = (try? FormatValue(json: text))?.object
    version = object?["keras_version"]?.string
    let names = object?["classes"]?.list ?? []
    let texts = names.compactMap(\.string)
    if texts.count == names.count { classes = texts }
  }
}
