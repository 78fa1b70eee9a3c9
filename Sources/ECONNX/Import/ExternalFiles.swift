import ECDiagnostics
import ECTensor
import Glibc

/// The files of weights beside a model, each mapped once.
///
/// A model names them itself, so nothing is trusted: only regular files strictly below the model's
/// folder are opened, step by step and without following links.
final class ExternalFiles {
  private let folder: String
  private var mapped: [String: TensorStorage] = [:]

  /// Files are looked up in `folder`.
  init(folder: String) {
    self.folder = folder
  }

  /// The paths of the files that were read, sorted.
  var paths: [String] { mapped.keys.sorted().map { "\(folder)/\($0)" } }

  /// The storage and first byte that a tensor's entries name.
  /// - Throws: `ONNXError.externalData` for whatever leaves the folder, is a link, has another size.
  func bytes(_ entries: [String: String], expected: Int) throws(ONNXError) -> (
    storage: TensorStorage, offset: Int
  ) {
    guard let location = entries["location"], !location.isEmpty else {
      throw ONNXError(.externalData("no location is given"))
    }
    let offset = try number(entries["offset"], "offset") ?? 0
    let length = try number(entries["length"], "length") ?? expected
    guard length == expected else {
      throw ONNXError(.tensorSize(expected: expected, found: length))
    }
    let storage = try storage(location)
    let (end, overflows) = offset.addingReportingOverflow(length)
    guard !overflows, end <= storage.byteCount else {
      throw ONNXError(
        .externalData(
          "\(length) bytes at \(offset) lie outside '\(location)' of \(storage.byteCount) bytes"))
    }
    return (storage, offset)
  }

  private func number(_ text: String?, _ key: String) throws(ONNXError) -> Int? {
    guard let text else { return nil }
    guard let value = Int(text), value >= 0 else {
      throw ONNXError(.externalData("\(key) is '\(text)', expected a whole number"))
    }
    return value
  }

  private func storage(_ location: String) throws(ONNXError) -> TensorStorage {
    if let known = mapped[location] { return known }
    let parts = location.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
    guard !location.hasPrefix("/"), !location.utf8.contains(UInt8(ascii: "\\")), !parts.isEmpty,
      !parts.contains(".."), !location.hasSuffix("/")
    else { throw ONNXError(.externalData("'\(location)' may leave the model's folder")) }
    let descriptor = try descend(parts, location)
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw ONNXError(.externalData("'\(location)' isn't a regular file"))
    }
    guard status.st_nlink == 1 else {
      throw ONNXError(.externalData("'\(location)' is a hard link"))
    }
    do {
      // By descriptor, so that what was checked is what is mapped.
      let storage = try MappedFile(path: "/proc/self/fd/\(descriptor)").storage()
      mapped[location] = storage
      return storage
    } catch {
      throw ONNXError(.externalData("'\(location)': \(error.message)"))
    }
  }

  private func descend(_ parts: [String], _ location: String) throws(ONNXError) -> Int32 {
    var descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    for (k, part) in parts.enumerated() where descriptor >= 0 {
      let isLast = k == parts.count - 1
      // Not blocking: opening a pipe must not wait for its writer.
      let next = openat(
        descriptor, part,
        O_RDONLY | O_CLOEXEC | O_NOFOLLOW | (isLast ? O_NONBLOCK : O_DIRECTORY))
      let code = errno
      close(descriptor)
      descriptor = next
      errno = code
    }
    guard descriptor >= 0 else {
      let words =
        errno == ELOOP ? "is a symbolic link" : String(cString: strerror(errno)).lowercased()
      throw ONNXError(.externalData("'\(location)' \(errno == ELOOP ? words : "(\(words))")"))
    }
    return descriptor
  }
}
