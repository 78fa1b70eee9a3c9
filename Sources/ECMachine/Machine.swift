import CLinux
import Glibc

/// What this process may use: what the hardware has, or less where the process, or a control group that
/// it is in, is limited. Containers are limited by their control groups.
///
/// Each figure is looked up when it is asked for: the number of cores is wanted at every start.
public struct Machine: Sendable, Equatable {
  private let cores: Int
  private let memory: Int
  private let limits: [Int]
  private let files: SystemFiles

  /// The machine that this process runs on, as it is now.
  public static var current: Machine {
    Machine(
      cores: Int(eclinux_core_count()), memory: physicalMemory,
      limits: [limit(RLIMIT_DATA), limit(RLIMIT_AS)].compactMap { $0 }, files: SystemFiles())
  }

  /// - Parameters:
  ///   - cores: The cores that the process is kept on.
  ///   - memory: The bytes that the hardware has.
  ///   - limits: The bytes that the process may take.
  ///   - files: What the kernel tells.
  package init(cores: Int, memory: Int, limits: [Int], files: SystemFiles) {
    (self.cores, self.memory, self.limits, self.files) = (cores, memory, limits, files)
  }

  /// The cores that may work at once.
  public var coreCount: Int { max(1, min(max(cores, 1), ControlGroups(files).coreCount ?? .max)) }

  /// The bytes of memory that may be taken in all.
  public var memoryByteCount: Int {
    min(memory, limits.min() ?? .max, ControlGroups(files).memoryByteCount ?? .max)
  }

  /// The bytes of memory that can be taken now without swapping.
  public var availableByteCount: Int {
    min(
      files.availableMemory ?? memory, memoryByteCount,
      ControlGroups(files).availableByteCount ?? .max)
  }

  public static func == (a: Machine, b: Machine) -> Bool {
    a.coreCount == b.coreCount && a.memoryByteCount == b.memoryByteCount
      && a.availableByteCount == b.availableByteCount
  }

  private static var physicalMemory: Int {
    let (bytes, overflows) = Int(sysconf(Int32(_SC_PHYS_PAGES)))
      .multipliedReportingOverflow(by: Int(sysconf(Int32(_SC_PAGESIZE))))
    return overflows ? .max : bytes
  }

  private static func limit(_ resource: __rlimit_resource) -> Int? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else { return nil }
    return Int(clamping: limit.rlim_cur)
  }
}
