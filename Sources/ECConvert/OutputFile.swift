import ECDiagnostics
import Glibc

/// A file, with the files that belong to it, that appears whole or not at all.
///
/// All of them are written under their final names to a hidden folder beside their place, so that a
/// file that names its companions can be read back from there; `commit` flushes and renames them.
/// Whatever isn't committed is removed, when a signal ends the program too.
package struct OutputFile: ~Copyable {
  /// The path that the file gets in the end, with links followed.
  package let path: String
  /// The path under which it is written.
  package let temporaryPath: String
  private let force: Bool
  private let staging: String
  /// Whatever may lie in the staging folder.
  private var staged: [String]
  private var isFinished = false

  /// Prepares a file; nothing but the staging folder is made yet.
  /// - Throws: `ConversionFault` if it exists and may not be replaced, or its folder can't be written.
  package init(path given: String, force: Bool) throws(ConversionFault) {
    // A link stays a link: what it points to is replaced.
    let resolved = realpath(given, nil)
    path = resolved.map { String(cString: $0) } ?? given
    free(resolved)
    self.force = force
    try OutputFile.check(path, force: force)
    staging = try OutputFile.makeStaging(for: path)
    temporaryPath = "\(staging)/\(OutputFile.name(of: path))"
    staged = [temporaryPath]
    OutputGuard.protect(temporaryPath)
  }

  deinit {
    for path in staged {
      unlink(path)
      OutputGuard.release(path)
    }
    rmdir(staging)
    OutputGuard.release(staging)
  }

  /// The path under which another file is written, which `commit` puts beside this one.
  /// - Throws: `ConversionFault` if that exists and may not be replaced.
  package mutating func companion(_ name: String) throws(ConversionFault) -> String {
    try OutputFile.check(OutputFile.sibling(name, of: path), force: force)
    return scratch(name)
  }

  /// The path of a file that is needed only while this one is written.
  package mutating func scratch(_ name: String) -> String {
    let temporary = "\(staging)/\(name)"
    staged.append(temporary)
    OutputGuard.protect(temporary)
    return temporary
  }

  /// Gives the files their names: the companions first, since this one refers to them.
  /// - Parameter describe: writes what belongs to the file, such as its report, once its contents are
  ///   safe and before it has its name, so that a report is never missing.
  /// - Throws: `ConversionFault`; what was there before is there again.
  package mutating func commit(
    companions: [String] = [], describe: () throws(ConversionFault) -> Void = {}
  ) throws(ConversionFault) {
    for name in companions { try flush("\(staging)/\(name)") }
    try flush(temporaryPath)
    try describe()
    OutputGuard.suspend()
    defer { OutputGuard.resume() }
    var replaced: [Replaced] = []
    do throws(ConversionFault) {
      for name in companions { replaced.append(try place(name)) }
      guard rename(temporaryPath, path) == 0 else { throw OutputFile.failure(errno, at: path) }
    } catch {
      for one in replaced where rename(one.old, one.path) != 0 { unlink(one.path) }
      throw error
    }
    isFinished = true
    let folder = open(OutputFile.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }

  /// The size of what was written.
  package var byteCount: Int { FileSize.of(isFinished ? path : temporaryPath) }

  // MARK: Steps

  /// Tells early whether a file may be written.
  /// - Throws: `ConversionFault` if it exists and may not be replaced.
  static func check(_ path: String, force: Bool) throws(ConversionFault) {
    var status = stat()
    guard stat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFREG else {
      let isFolder = status.st_mode & S_IFMT == S_IFDIR
      throw ConversionFault(
        .cannotWrite(message: isFolder ? "it is a folder" : "it is no regular file"),
        at: .file(path))
    }
    if !force { throw ConversionFault(.outputExists, at: .file(path)) }
  }

  private static func makeStaging(for path: String) throws(ConversionFault) -> String {
    let folder = folder(of: path)
    var attempt = 0
    while true {
      let staging = "\(folder)/.ecconvert-\(getpid())-\(attempt)"
      // Protected before it is made: no signal can come between.
      OutputGuard.protect(staging)
      if mkdir(staging, 0o700) == 0 { return staging }
      let code = errno
      OutputGuard.release(staging)
      guard code == EEXIST else { throw failure(code, at: path, " ('\(folder)')") }
      attempt += 1
    }
  }

  private func flush(_ temporary: String) throws(ConversionFault) {
    let descriptor = open(temporary, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw OutputFile.failure(errno, at: path) }
    defer { close(descriptor) }
    // Some file systems have nothing to flush.
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw OutputFile.failure(errno, at: path)
    }
  }

  /// A companion in its place, and where the file that it replaced is kept, if there was one.
  private struct Replaced {
    let path: String
    let old: String
  }

  private mutating func place(_ name: String) throws(ConversionFault) -> Replaced {
    let replaced = Replaced(
      path: OutputFile.sibling(name, of: path), old: scratch("\(staged.count).old"))
    guard rename(replaced.path, replaced.old) == 0 || errno == ENOENT else {
      throw OutputFile.failure(errno, at: replaced.path)
    }
    guard rename("\(staging)/\(name)", replaced.path) == 0 else {
      let code = errno
      rename(replaced.old, replaced.path)
      throw OutputFile.failure(code, at: replaced.path)
    }
    return replaced
  }

  static func failure(_ code: Int32, at path: String, _ where: String = "") -> ConversionFault {
    ConversionFault(
      .cannotWrite(message: String(cString: strerror(code)).lowercased() + `where`),
      at: .file(path))
  }

  // MARK: Paths

  /// The folder of a path.
  package static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The last component of a path.
  package static func name(of path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  /// The path of a file in the same folder.
  static func sibling(_ name: String, of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return name }
    return path[...slash] + name
  }
}
