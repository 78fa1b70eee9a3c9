import ECDiagnostics
import Glibc

/// Outputs that leave the files of the source alone.
extension ConversionRun {
  /// Prepares the output.
  /// - Throws: `ConversionFault` also where it would take the place of the source's weights.
  func outputFile(_ path: String, _ source: SourceModel) throws(ConversionFault) -> OutputFile {
    if source.keepsData(in: path) {
      throw ConversionFault(
        .cannotWrite(message: "it holds the weights of the source"), at: .file(path))
    }
    return try OutputFile(path: path, force: options.force)
  }

  /// The name of the file of weights that goes with an output: with `.data`, unless the source's
  /// weights are there.
  mutating func dataName(beside path: String, _ source: SourceModel) -> String {
    let name = OutputFile.name(of: path)
    var candidate = "\(name).data"
    var count = 1
    while source.keepsData(in: OutputFile.sibling(candidate, of: path)) {
      candidate = "\(name).\(count).data"
      count += 1
    }
    if count > 1 {
      warnings.append(
        "the weights are in '\(candidate)', since '\(name).data' holds those of the source")
    }
    return candidate
  }
}

extension SourceModel {
  /// The bytes of the file at `path` from which this was read, and of those that hold its weights.
  func byteCount(at path: String) -> Int {
    dataFiles.reduce(FileSize.of(path)) { $0 + FileSize.of($1) }
  }

  /// Whether a path leads to a file that holds weights of this model, however it is spelled.
  fileprivate func keepsData(in path: String) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { return false }
    return dataFiles.contains {
      var other = stat()
      return stat($0, &other) == 0 && other.st_dev == status.st_dev
        && other.st_ino == status.st_ino
    }
  }
}

/// Sizes of files.
package enum FileSize {
  /// Whether there is anything at a path.
  static func exists(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0
  }

  /// The bytes of a file; 0 if there is none.
  package static func of(_ path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
  }
}
