import ECDiagnostics
import ECRandom
import Glibc

/// The image files in a folder and all folders below it.
public struct ImageFolder: Sendable {
  /// The paths, sorted byte by byte.
  public let paths: [String]

  /// The extensions of image files, lower case.
  public static let extensions = ["jpg", "jpeg", "png"]

  /// Looks for images; hidden files and folders are passed over, links followed once.
  /// - Throws: `ImageError` if the folder can't be read or has no image.
  public init(_ path: String) throws(ImageError) {
    var found: [String] = []
    var seen: Set<String> = []
    var folders = [path]
    while let folder = folders.popLast() {
      for entry in try ImageFolder.entries(of: folder) where !entry.hasPrefix(".") {
        let full = folder.hasSuffix("/") ? folder + entry : folder + "/" + entry
        var status = stat()
        guard stat(full, &status) == 0 else { continue }
        if status.st_mode & S_IFMT == S_IFDIR {
          if seen.insert("\(status.st_dev)/\(status.st_ino)").inserted { folders.append(full) }
        } else if status.st_mode & S_IFMT == S_IFREG {
          let suffix = entry.split(separator: ".").last.map { $0.lowercased() } ?? ""
          if ImageFolder.extensions.contains(suffix) { found.append(full) }
        }
      }
    }
    guard !found.isEmpty else { throw ImageError(.noImages, at: .file(path)) }
    paths = found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// All paths in an order of chance, the same for a seed.
  public func shuffled(seed: UInt64) -> [String] {
    var generator = SplitMix64(seed: seed)
    return paths.shuffled(using: &generator)
  }

  /// The names of the folders in a folder, sorted byte by byte; hidden ones are passed over.
  /// - Throws: `ImageError` if the folder can't be read.
  public static func folders(in path: String) throws(ImageError) -> [String] {
    try entries(of: path).filter { name in
      var status = stat()
      return !name.hasPrefix(".") && stat("\(path)/\(name)", &status) == 0
        && status.st_mode & S_IFMT == S_IFDIR
    }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private static func entries(of folder: String) throws(ImageError) -> [String] {
    guard let stream = opendir(folder) else {
      throw ImageError(
        .cannotRead(message: String(cString: strerror(errno)), isMissing: errno == ENOENT),
        at: .file(folder))
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }
}
