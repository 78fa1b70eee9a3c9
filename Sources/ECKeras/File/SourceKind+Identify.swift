import Glibc

extension SourceKind {
  /// What a path that isn't HDF5 leads to; `nil` where nothing can be read there.
  static func identify(_ path: String) -> SourceKind? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    if status.st_mode & S_IFMT == S_IFDIR {
      return access("\(path)/saved_model.pb", F_OK) == 0 ? .savedModel : .folder
    }
    guard let stream = fopen(path, "rb") else { return nil }
    defer { fclose(stream) }
    let head = read(stream, from: 0)
    if head.isEmpty { return .empty }
    if head.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
      // The names of an archive's members stand in front of them and again at the end.
      let tail = read(stream, from: max(0, Int(status.st_size) - windowByteCount))
      func names(_ text: String) -> Bool { contains(head, text) || contains(tail, text) }
      if names("model.weights.h5") { return .kerasArchive }
      if names("saved_model.pb") { return .savedModel }
      if names("data.pkl") { return .torchArchive }
      return names("config.json") && names("metadata.json") ? .kerasArchive : .zip
    }
    if head.dropFirst(4).starts(with: Array("TFL3".utf8)) { return .tensorFlowLite }
    let text = String(decoding: head.prefix(256), as: UTF8.self).lowercased()
    if text.hasPrefix("version https://git-lfs") { return .gitPointer }
    if text.contains("<!doctype html") || text.contains("<html") { return .webPage }
    return .other
  }

  /// What an archive with these entries is, if Keras didn't write it.
  init(entries: [String]) {
    func has(_ name: String) -> Bool {
      entries.contains { $0 == name || $0.hasSuffix("/" + name) }
    }
    self = has("saved_model.pb") ? .savedModel : has("data.pkl") ? .torchArchive : .zip
  }

  private static let windowByteCount = 1 << 16

  private static func read(_ stream: UnsafeMutablePointer<FILE>, from offset: Int) -> [UInt8] {
    fseek(stream, offset, SEEK_SET)
    return [UInt8](unsafeUninitializedCapacity: windowByteCount) { buffer, count in
      count = fread(buffer.baseAddress, 1, windowByteCount, stream)
    }
  }

  private static func contains(_ bytes: [UInt8], _ text: String) -> Bool {
    let word = Array(text.utf8)
    guard let first = word.first else { return true }
    return bytes.indices.contains { bytes[$0] == first && bytes[$0...].starts(with: word) }
  }
}
