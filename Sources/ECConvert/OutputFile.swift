import ECDiagnostics
import Glibc

/// A file that appears whole or not at all: written beside its place, then renamed.
package struct OutputFile: ~Copyable {
  /// The path that the file gets in the end.
  package let path: String
  /// The path under which it is written.
  package let temporaryPath: String
  private var isFinished = false

  /// Prepares a file; nothing is made yet.
  /// - Throws: `ConversionFault` if it exists and may not be replaced, or its folder can't be written.
  package init(path: String, force: Bool) throws(ConversionFault) {
    self.path = path
    temporaryPath = "\(path).ecconvert-\(getpid()).tmp"
    var status = stat()
    if stat(path, &status) == 0 {
      if status.st_mode & S_IFMT == S_IFDIR {
        throw ConversionFault(.cannotWrite(message: "it is a folder"), at: .file(path))
      }
      if !force && status.st_mode & S_IFMT == S_IFREG {
        throw ConversionFault(.outputExists, at: .file(path))
      }
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

  /// Writes a text as a whole, replacing what is there.
  package static func write(_ text: String, to path: String) throws(ConversionFault) {
    var file = try OutputFile(path: path, force: true)
    let descriptor = open(file.temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw ConversionFault(
        .cannotWrite(message: String(cString: strerror(errno)).lowercased()), at: .file(path))
    }
    var code: Int32 = 0
    Array(text.utf8).withUnsafeBytes { bytes in
      var rest = bytes
      while !rest.isEmpty && code == 0 {
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if count < 0 {
          code = errno == EINTR ? 0 : errno
        } else {
          rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
      }
    }
    if close(descriptor) != 0 && code == 0 { code = errno }
    guard code == 0 else {
      throw ConversionFault(
        .cannotWrite(message: String(cString: strerror(code)).lowercased()), at: .file(path))
    }
    try file.commit()
  }
}
