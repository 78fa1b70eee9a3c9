import FoundationEssentials

/// The small files in which the kernel tells how things are.
package struct SystemFiles: Sendable {
  /// What stands before all paths; empty but in tests.
  private let root: String

  package init(root: String = "") { self.root = root }

  /// A file's text; `nil` if there is none.
  func text(_ path: String) -> String? {
    (try? Data(contentsOf: URL(filePath: root + path))).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The numbers of a file, words between blanks; what is none is left out.
  func numbers(_ path: String) -> [Int] {
    (text(path) ?? "").split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
  }

  /// The number behind a key that starts a line.
  func number(_ path: String, _ key: String) -> Int? {
    for line in (text(path) ?? "").split(separator: "\n") {
      let words = line.split(whereSeparator: \.isWhitespace)
      if words.count > 1, words[0] == key { return Int(words[1]) }
    }
    return nil
  }

  /// Bytes that can be taken without swapping, of the whole machine.
  var availableMemory: Int? {
    number("/proc/meminfo", "MemAvailable:").map { $0.multipliedReportingOverflow(by: 1024).0 }
  }
}
