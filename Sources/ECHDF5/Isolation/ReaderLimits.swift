import Glibc

/// What a process that reads for another one may take; beyond that the system ends it.
enum ReaderLimits {
  /// Private memory beside the numbers of a dataset, in bytes.
  private static let memory = 1 << 30
  /// Seconds of processor time for a question, beside those for the numbers of a dataset.
  private static let seconds = 4
  /// The slowest that numbers are unpacked, in bytes per second.
  private static let slowestRate = 16 << 20

  /// Limits this process for good: no core files, nothing written, and no file opened beside the
  /// first `descriptors`, whatever the file that is read points to.
  static func apply(descriptors: Int32) {
    // Programs that use the library may have left some open for others.
    for descriptor in descriptors..<1024 { close(descriptor) }
    set(RLIMIT_NOFILE, Int(descriptors))
    set(RLIMIT_CORE, 0)
    set(RLIMIT_FSIZE, 0)
    renew(byteCount: 0)
  }

  /// Allows for one more question, which takes `byteCount` bytes of numbers.
  static func renew(byteCount: Int) {
    let taken = clock() / CLOCKS_PER_SEC
    set(RLIMIT_CPU, Int(taken) + 1 + seconds + byteCount / slowestRate)
    // The numbers, and a chunk of them.
    let (numbers, overflow) = byteCount.multipliedReportingOverflow(by: 2)
    set(RLIMIT_DATA, overflow ? Int.max : memory.addingReportingOverflow(numbers).partialValue)
  }

  private static func set(_ resource: __rlimit_resource, _ value: Int) {
    var limit = rlimit()
    let resource = __rlimit_resource_t(resource.rawValue)
    guard getrlimit(resource, &limit) == 0 else { return }
    limit.rlim_cur = min(rlim_t(clamping: value), limit.rlim_max)
    setrlimit(resource, &limit)
  }
}
