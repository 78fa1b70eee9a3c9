import Glibc

/// The models behind arguments: files, folders and patterns.
public enum InputList {
  private static let extensions: Set = ["h5", "hdf5", "keras", "onnx"]

  /// The jobs of arguments, in their order; folders and patterns sorted by name.
  /// - Parameters:
  ///   - arguments: paths of files and folders, or patterns for the shell's rules.
  ///   - format: the extension of the outputs.
  /// - Throws: `BatchError` if an argument names nothing.
  public static func jobs(_ arguments: [String], format: String) throws(BatchError) -> [BatchJob] {
    var jobs: [BatchJob] = []
    for argument in arguments {
      for found in try expand(argument) {
        jobs.append(
          BatchJob(input: found.path, output: named(found.name, extension: format)))
      }
    }
    return jobs
  }

  /// A name with another extension.
  package static func named(_ name: String, extension ext: String) -> String {
    let stem = extensions.first { name.lowercased().hasSuffix("." + $0) }
      .map { name.dropLast($0.count + 1) }
    return String(stem ?? name[...]) + "." + ext
  }

  /// A model's path, and its name relative to the folder in which it was found.
  package struct Found: Equatable {
    let path: String
    let name: String
  }

  /// The models that an argument names.
  package static func expand(_ argument: String) throws(BatchError) -> [Found] {
    if let kind = kind(of: argument) {
      return kind == S_IFDIR ? try models(in: argument) : [file(argument)]
    }
    guard argument.contains(where: { "*?[".contains($0) }) else {
      // A missing file fails as a job of its own, the others go on.
      return [file(argument)]
    }
    var matches = glob_t()
    defer { globfree(&matches) }
    guard glob(argument, 0, nil, &matches) == 0, let paths = matches.gl_pathv else {
      throw BatchError(.nothingMatches(argument))
    }
    var found: [Found] = []
    for k in 0..<Int(matches.gl_pathc) {
      guard let path = paths[k].map({ String(cString: $0) }) else { continue }
      if kind(of: path) == S_IFDIR {
        found += try models(in: path)
      } else {
        found.append(file(path))
      }
    }
    return found
  }

  private static func file(_ path: String) -> Found {
    Found(path: path, name: path.split(separator: "/").last.map(String.init) ?? path)
  }

  private static func kind(of path: String) -> mode_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
  }

  private static func models(in folder: String) throws(BatchError) -> [Found] {
    var found: [Found] = []
    var waiting = [""]
    // Links may lead in circles.
    var seen: Set<[UInt64]> = []
    while let inner = waiting.popLast() {
      var status = stat()
      guard stat(folder + "/" + inner, &status) == 0,
        seen.insert([UInt64(status.st_dev), UInt64(status.st_ino)]).inserted
      else { continue }
      for name in FolderListing.names(inner.isEmpty ? folder : folder + "/" + inner) {
        let relative = inner.isEmpty ? name : inner + "/" + name
        switch kind(of: folder + "/" + relative) {
        case S_IFDIR?: waiting.append(relative)
        case S_IFREG? where isModel(name):
          found.append(Found(path: folder + "/" + relative, name: relative))
        default: break
        }
      }
    }
    if found.isEmpty { throw BatchError(.nothingMatches(folder)) }
    return found.sorted { $0.name < $1.name }
  }

  /// Whether a file in a folder is taken for a model; weights alone need options of their own.
  private static func isModel(_ name: String) -> Bool {
    let name = name.lowercased()
    return extensions.contains { name.hasSuffix("." + $0) } && !name.hasSuffix(".weights.h5")
  }
}
