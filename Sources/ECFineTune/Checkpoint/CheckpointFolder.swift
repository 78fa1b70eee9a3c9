import ECDiagnostics
import FoundationEssentials
import Glibc

/// A folder in which what was computed outlives the program, however that ends.
public struct CheckpointFolder: Sendable {
  /// The folder.
  public let path: String
  private static let prefix = "ecconvert-"

  /// Makes the folder, or finds it.
  /// - Parameter resumes: whether what an earlier run left there is used; else it is removed.
  /// - Throws: `FineTuneError.cannotWrite`.
  public init(path: String, resumes: Bool) throws(FineTuneError) {
    self.path = path
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
      throw FineTuneError(
        .cannotWrite(message: String(cString: strerror(errno)).lowercased()), at: .file(path))
    }
    if !resumes { removeFiles() }
  }

  /// The path of a file of this folder.
  public func file(_ name: String) -> String { "\(path)/\(CheckpointFolder.prefix)\(name)" }

  /// Removes what was kept, and the folder unless there is something else in it.
  public func remove() {
    removeFiles()
    rmdir(path)
  }

  /// Removes one file, if it is there.
  public func remove(_ name: String) { unlink(file(name)) }

  /// Puts bytes in the place of a file's, all or none of them.
  /// - Throws: `FineTuneError.cannotWrite`.
  public func save(_ bytes: [UInt8], as name: String) throws(FineTuneError) {
    let temporary = file(name) + ".new"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure(name) }
    defer { close(descriptor) }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
      }
      if count < 0 && errno != EINTR { throw failure(name) }
      written += max(count, 0)
    }
    guard rename(temporary, file(name)) == 0 else { throw failure(name) }
  }

  /// The bytes of a file; `nil` if there is none.
  public func load(_ name: String) -> [UInt8]? {
    let descriptor = open(file(name), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes {
        read(descriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled)
      }
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return nil }
      filled += count
    }
    return bytes
  }

  private func failure(_ name: String) -> FineTuneError {
    FineTuneError(
      .cannotWrite(message: String(cString: strerror(errno)).lowercased()),
      at: .file(file(name)))
  }

  private func removeFiles() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    for name in names where name.hasPrefix(CheckpointFolder.prefix) { unlink("\(path)/\(name)") }
  }
}
