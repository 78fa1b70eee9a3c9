import CLinux
import ECConvert
import FoundationEssentials
import Glibc

/// What this machine offers to a batch.
public struct Machine: Sendable {
  /// The cores that this process may use.
  public let coreCount: Int
  /// The memory that can be taken without swapping.
  public let availableByteCount: Int

  /// The machine that this process runs on.
  public static var current: Machine {
    Machine(
      coreCount: max(1, Int(eclinux_core_count())), availableByteCount: availableMemory())
  }

  private static func availableMemory() -> Int {
    let text = (try? Data(contentsOf: URL(filePath: "/proc/meminfo"))) ?? Data()
    for line in String(decoding: text, as: UTF8.self).split(separator: "\n")
    where line.hasPrefix("MemAvailable:") {
      let words = line.split(separator: " ")
      if words.count > 1, let kilobytes = Int(words[1]) { return kilobytes * 1024 }
    }
    return Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// How many jobs may run at once: one a core, as long as the largest of them fit into memory
  /// together.
  public func parallelCount(_ jobs: [BatchJob], cores: Int) -> Int {
    let sizes = jobs.map { Self.estimate(FileSize.of($0.input)) }.sorted(by: >)
    var sum = 0
    var count = 0
    for size in sizes.prefix(cores) {
      sum += size
      if sum > availableByteCount / 10 * 8 { break }
      count += 1
    }
    return max(1, count)
  }

  /// What a job needs at most, by experience: the weights a few times over, and activations.
  private static func estimate(_ byteCount: Int) -> Int { 4 * byteCount + 400_000_000 }
}
