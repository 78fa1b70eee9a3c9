import ECDiagnostics
public import ECGraph
import Glibc

extension ONNXExporter {
  /// Writes a model so that `path` holds either all of it or what it held before.
  ///
  /// Everything is written to a folder beside `path`, flushed to the disk, and renamed; weights that
  /// don't fit inside become `<name>.data` beside the model. A link is followed, so that what it
  /// points to is replaced; a pipe or device is written to as it is, with all weights inside.
  /// - Throws: `ONNXError`; nothing is left behind then.
  public func writeAtomically(_ graph: Graph, path: String) throws(ONNXError) {
    do throws(ONNXError) {
      var status = stat()
      let exists = stat(path, &status) == 0
      if exists, status.st_mode & S_IFMT == S_IFDIR { throw ONNXExporter.failure(EISDIR) }
      if exists, status.st_mode & S_IFMT != S_IFREG {
        try withFile(path, isNew: false) { descriptor throws(ONNXError) in
          try write(graph, toDescriptor: descriptor)
        }
        return
      }
      try replace(exists ? ONNXExporter.resolved(path) : path, graph)
    } catch {
      throw error.place.trail.isEmpty ? error.inside(.file(path)) : error
    }
  }

  private func replace(_ path: String, _ graph: Graph) throws(ONNXError) {
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { String(path[...$0]) } ?? "./"
    let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
    let data = "\(name).data"
    let staging = try ONNXExporter.makeFolder("\(folder).\(name).")
    defer {
      unlink("\(staging)/\(name)")
      unlink("\(staging)/\(data)")
      rmdir(staging)
    }
    let hasData = try write(
      graph, toFile: "\(staging)/\(name)", dataPath: "\(staging)/\(data)", dataName: data)
    // The weights first: a model never stands without them.
    if hasData { try ONNXExporter.move("\(staging)/\(data)", to: folder + data) }
    try ONNXExporter.move("\(staging)/\(name)", to: path)
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor >= 0 {
      fsync(descriptor)
      close(descriptor)
    }
  }

  private static func move(_ source: String, to target: String) throws(ONNXError) {
    guard rename(source, target) == 0 else { throw failure(errno) }
  }

  private static func makeFolder(_ prefix: String) throws(ONNXError) -> String {
    var template = Array("\(prefix)XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw failure(errno) }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }
}
