import FoundationEssentials
import Glibc

/// The entries of folders.
package enum FolderListing {
  /// The names in a folder in order of their bytes, without those that start with a dot; none if it
  /// can't be read.
  package static func names(_ folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { !$0.hasPrefix(".") }.sorted()
  }

  /// Makes a folder and those above it.
  /// - Throws: `BatchError.cannotWrite`.
  package static func make(_ folder: String) throws(BatchError) {
    var path = folder.hasPrefix("/") ? "/" : ""
    for part in folder.split(separator: "/") {
      path += (path.isEmpty || path.hasSuffix("/") ? "" : "/") + part
      if mkdir(path, 0o777) != 0 && errno != EEXIST {
        throw BatchError(
          .cannotWrite(message: String(cString: strerror(errno)).lowercased()), at: .file(folder))
      }
    }
  }
}
