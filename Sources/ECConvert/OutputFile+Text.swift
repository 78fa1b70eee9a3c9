import ECDiagnostics
import Glibc

extension OutputFile {
  /// Writes a text as a whole, replacing what is there; `-` is standard output.
  package static func write(_ text: String, to path: String) throws(ConversionFault) {
    if path == "-" { return try put(text, STDOUT_FILENO, path) }
    var file = try OutputFile(path: path, force: true)
    try put(text, toNewFile: file.temporaryPath, path)
    try file.commit()
  }

  static func put(_ text: String, toNewFile temporary: String, _ path: String)
    throws(ConversionFault)
  {
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure(errno, at: path) }
    defer { close(descriptor) }
    try put(text, descriptor, path)
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
        throw failure(errno, at: path)
      }
    }
  }
}
