import ECDiagnostics
import Glibc

/// A file that appears whole or not at all: written beside its place, then renamed.
package struct OutputFile: ~Copyable {
  /// The path that the file gets in the end, with links followed.
  package let path: String
  /// The path under which it is written.
  package let temporaryPath: String
  private var isFinished = false

  /// Prepares a file; nothing is made yet.
  /// - Throws: `ConversionFault` if it exists and may not be replaced, or its folder can't be written.
  package init(path given: String, force: Bool) throws(ConversionFault) {
    // A link stays a link: what it points to is replaced.
    let resolved = realpath(given, nil)
    path = resolved.map { String(cString: $0) } ?? given
    free(resolved)
    temporaryPath = "\(path).ecconvert-\(getpid()).tmp"
    var status = stat()
    if stat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFREG else {
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        throw ConversionFault(
          .cannotWrite(message: isFolder ? "it is a folder" : "it is no regular file"),
          at: .file(given))
      }
      if !force { throw ConversionFault(.outputExists, at: .file(given)) }
    }
    let folder = OutputFile.folder(of: path)
    guard access(folder, W_OK | X_OK) == 0 else {
      throw ConversionFault(
        .cannotWrite(message: String(cString: strerror(errno)).lowercased() + " ('\(folder)')"),
        at: .file(path))
    }
    OutputGuard.protect(temporaryPath)
  }

  deinit {
    if !isFinished { unlink(temporaryPath) }
    OutputGuard.release(temporaryPath)
  }

  /// Gives the file its name.
  package mutating func commit() throws(ConversionFault) {
    guard rename(temporaryPath, path) == 0 else {
      throw ConversionFault(
        .cannotWrite(message: String(cString: strerror(errno)).lowercased()), at: .file(path))
    }
    isFinished = true
  }

  /// The size of what was written.
  package var byteCount: Int {
    var status = stat()
    return stat(isFinished ? path : temporaryPath, &status) == 0 ? Int(status.st_size) : 0
  }

  /// The folder of a path.
  package static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The last component of a path.
  package static func name(of path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  /// Writes a text as a whole, replacing what is there; `-` is standard output.
  package static func write(_ text: String, to path: String) throws(ConversionFault) {
    if path == "-" { return try put(text, STDOUT_FILENO, path) }
    var file = try OutputFile(path: path, force: true)
    let descriptor = open(file.temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw ConversionFault(
        .cannotWrite(message: String(cString: strerror(errno)).lowercased()), at: .file(path))
    }
    defer { close(descriptor) }
    try put(text, descriptor, path)
    try file.commit()
  }

  private static func put(_ text: String, _ descriptor: Int32, _ path: String)
    throws(ConversionFault)
  {
    let bytes = Array(text.utf8)
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
      }
      if count >= 0 {
        written += count
      } else if errno != EINTR {
        throw ConversionFault(
          .cannotWrite(message: String(cString: strerror(errno)).lowercased()), at: .file(path))
      }
    }
  }
}
