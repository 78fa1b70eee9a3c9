import ECDiagnostics
package import ECFineTune
import ECTensor
import Glibc

/// Reads images with their classes in any layout.
package enum DataSet {
  /// A folder of class folders or Oxford Flowers-102, a table (`.csv`, `.tsv`), or arrays (`.npz`).
  /// - Throws: `FineTuneError`, `ImageError`, `ArchiveError` or `ConversionFault`, with the path in its
  ///   place.
  package static func read(_ path: String) throws -> LabelledImages {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw ConversionFault(
        .cannotRead(message: String(cString: strerror(errno)).lowercased(), isMissing: true),
        at: .file(path))
    }
    if status.st_mode & S_IFMT == S_IFDIR { return try LabelledImages(folder: path) }
    if isTable(path) {
      let file = try MappedFile.opened(path)
      return try LabelledImages(
        table: path, text: file.withBytes { String(decoding: $0, as: UTF8.self) })
    }
    guard path.lowercased().hasSuffix(".npz") else {
      throw ConversionFault(
        .calibration("neither a folder nor a .csv, .tsv or .npz file"), at: .file(path))
    }
    return try arrays(path)
  }

  /// Whether a file is a table by its name.
  static func isTable(_ path: String) -> Bool {
    [".csv", ".tsv"].contains { path.lowercased().hasSuffix($0) }
  }

  /// `x` and `y`, or `x_train`, `y_train` and the same for `val` and `test`.
  private static func arrays(_ path: String) throws -> LabelledImages {
    let arrays = try NumpyFile.arrays(path)
    func pair(_ suffixes: [String]) -> LabelledArray? {
      for suffix in suffixes {
        if let images = arrays["x" + suffix], let labels = arrays["y" + suffix] {
          return LabelledArray(images: images, labels: labels)
        }
      }
      return nil
    }
    guard let train = pair(["_train", ""]) else {
      let names = arrays.keys.sorted().map { "'\($0)'" }.joined(separator: ", ")
      throw FineTuneError(
        .badArray("there are no arrays 'x' and 'y', but \(names)"), at: .file(path))
    }
    return try LabelledImages(
      arrays: (train, pair(["_val", "_validation", "_valid"]), pair(["_test"])), path: path)
  }
}
