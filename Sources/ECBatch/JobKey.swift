import ECConvert
import ECGraph
import ECHash
import Glibc

/// What decides a job's result: the contents of its input, its options, and the program's version.
/// A result with the same key needs no second run.
struct JobKey: Equatable, CustomStringConvertible {
  let description: String

  /// The key of a job.
  /// - Returns: `nil` if the input can't be read; the run itself then says why.
  init?(_ job: BatchJob) {
    guard let input = ContentHash(contentsOf: job.input) else { return nil }
    var lines = ["ecconvert " + ECConvertVersion.current, job.output, "\(input)"]
    for name in job.options.keys.sorted() {
      guard let value = job.options[name] else { continue }
      lines.append(name + "=" + value.json())
      lines += Self.contents(value.string)
    }
    description = "\(ContentHash(of: lines.joined(separator: "\n")))"
  }

  /// What an option's value stands for where it names a file or a folder.
  private static func contents(_ path: String?) -> [String] {
    guard let path, path.contains("/") || path.contains(".") else { return [] }
    var status = stat()
    guard stat(path, &status) == 0 else { return [] }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return ContentHash(contentsOf: path).map { ["\($0)"] } ?? []
    case S_IFDIR: return listing(path)
    default: return []
    }
  }

  /// The files of a folder with their sizes and times: reading all images would cost more than the
  /// run.
  private static func listing(_ folder: String) -> [String] {
    var lines: [String] = []
    var waiting = [folder]
    while let folder = waiting.popLast() {
      for name in FolderListing.names(folder) {
        let path = folder + "/" + name
        var status = stat()
        guard stat(path, &status) == 0 else { continue }
        if status.st_mode & S_IFMT == S_IFDIR {
          waiting.append(path)
        } else {
          let time = status.st_mtim
          lines.append("\(path) \(status.st_size) \(time.tv_sec).\(time.tv_nsec)")
        }
      }
    }
    return lines.sorted()
  }
}
