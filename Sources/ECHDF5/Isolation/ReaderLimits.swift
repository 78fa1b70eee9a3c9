import Glibc

/// What a process that reads for another one may take; beyond that the system ends it.
struct ReaderLimits {
  /// Seconds of processor time for all that is asked of a file, beside those for its numbers. A file
  /// with thousands of layers takes a tenth of it.
  static let seconds = 4
  /// The slowest that numbers are unpacked, in bytes per second.
  private static let slowestRate = 16 << 20
  /// Private memory beside the numbers of a dataset, in bytes.
  private static let memory = 1 << 30

  /// The bytes of numbers that were asked for so far.
  private var numbers = 0

  /// Limits this process for good: no core files, nothing written, and no file opened beside the
  /// first `descriptors`, whatever the file that is read points to.
  init(descriptors: Int32) {
    // Programs that use the library may have left some open for others.
    for descriptor in descriptors..<1024 { close(descriptor) }
    ReaderLimits.set(RLIMIT_NOFILE, Int(descriptors))
    ReaderLimits.set(RLIMIT_CORE, 0)
    ReaderLimits.set(RLIMIT_FSIZE, 0)
    allow(byteCount: 0)
  }

  /// Allows for `byteCount` more bytes of numbers.
  mutating func allow(byteCount: Int) {
    numbers = numbers.addingReportingOverflow(byteCount).partialValue
    ReaderLimits.set(RLIMIT_CPU, ReaderLimits.seconds + numbers / ReaderLimits.slowestRate)
    // The numbers, and a chunk of them.
    let (twice, overflow) = byteCount.multipliedReportingOverflow(by: 2)
    let memory = ReaderLimits.memory.addingReportingOverflow(twice)
    ReaderLimits.set(
      RLIMIT_DATA, overflow || memory.overflow ? Int.max : memory.partialValue)
  }

  private static func set(_ resource: __rlimit_resource, _ value: Int) {
    var limit = rlimit()
    let resource = __rlimit_resource_t(resource.rawValue)
    guard getrlimit(resource, &limit) == 0 else { return }
    limit.rlim_cur = min(rlim_t(clamping: value), limit.rlim_max)
    setrlimit(resource, &limit)
  }
}
