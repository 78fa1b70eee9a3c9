import ECTestSupport
import Foundation
import Testing

/// What commands print, word for word, as the files in `Golden` have it.
///
/// A file holds commands, `$ ecconvert …`, each with its exit code and what it wrote to standard output
/// and standard error; those of one file run one after the other in one folder. To add a case, add its
/// `$` line and record: `ECCONVERT_RECORD=1 swift test --filter GoldenTests`.
@Suite struct GoldenTests {
  static let folder = Fixture.root + "/Tests/CLITests/Golden"

  @Test(arguments: try Command.names(in: folder))
  func `commands print what is recorded`(file: String) throws {
    let path = Self.folder + "/" + file
    let recorded = String(decoding: try #require(Fixture.bytes(path)), as: UTF8.self)
    try Command.inFolder { folder in
      var found = ""
      for line in recorded.split(separator: "\n") where line.hasPrefix("$ ") {
        found += line + "\n" + (try Self.transcript(String(line.dropFirst(2)), folder)) + "\n"
      }
      if ProcessInfo.processInfo.environment["ECCONVERT_RECORD"] == "1" {
        Fixture.write(Array(found.utf8), to: path)
      }
      #expect(found == recorded, "re-record with ECCONVERT_RECORD=1 and read the diff")
    }
  }

  /// Runs one command line; `| head N` keeps the first lines of its output.
  private static func transcript(_ line: String, _ folder: String) throws -> String {
    let parts = line.components(separatedBy: " | head ")
    let words = parts[0].split(separator: " ").dropFirst().map {
      $0.replacingOccurrences(of: "FIXTURES", with: Fixture.root + "/fixtures")
    }
    let result = try Command.run(words, in: folder)
    var output = String(decoding: result.output, as: UTF8.self)
    if parts.count > 1, let count = Int(parts[1]) {
      output =
        output.split(separator: "\n", omittingEmptySubsequences: false).prefix(count)
        .joined(separator: "\n") + "\n"
    }
    var text = "exit \(result.status)\n"
    for (mark, words) in [("out", output), ("err", result.errors)] {
      let masked = masked(words, folder)
      text += masked.split(separator: "\n", omittingEmptySubsequences: false)
        .map { $0.isEmpty ? "" : "\(mark)  \($0)\n" }.joined()
    }
    return text
  }

  /// A text without what differs from machine to machine and from run to run.
  private static func masked(_ text: String, _ folder: String) -> String {
    let real = URL(filePath: folder).resolvingSymlinksInPath().path
    var text = text
    for (path, name) in [
      (Fixture.root + "/fixtures", "FIXTURES"), (folder, "FOLDER"), (real, "FOLDER"),
    ] { text = text.replacingOccurrences(of: path, with: name) }
    let varying = [
      #"[0-9.]+ ms"#, #"[0-9.]+ s\b"#, #"load average [0-9.]+"#, #"[0-9.]+ x"#,
      #"ms +[0-9.]+ +[0-9.]+ [kM]?B"#, #"[0-9.]+(e-?[0-9]+)?(?= of the largest)"#,
      #"difference [0-9.]+(e-?[0-9]+)?"#,
      #"[0-9.]+ % -> [0-9.]+ %"#, #"[0-9.]+%(?= |$)"#, #"ecconvert [0-9]+\.[0-9.]+"#,
      #"loss [0-9.]+"#, #"by [0-9.]+(e-?[0-9]+)? \("#,
    ]
    for pattern in varying {
      guard let expression = try? Regex(pattern).anchorsMatchLineEndings() else { continue }
      text = text.replacing(expression) { match in
        // Digits go, words stay.
        String(text[match.range]).replacing(/[0-9][0-9.]*(e-?[0-9]+)?/, with: "#")
      }
    }
    return text.replacing(#/\x20+\x23/#, with: " #")
  }
}
