import Glibc

/// What the process has used of the machine.
enum ProcessMemory {
  /// The largest resident size so far, mapped files included.
  static var peakByteCount: Int {
    var usage = rusage()
    guard getrusage(__rusage_who_t(0), &usage) == 0 else { return 0 }
    return usage.ru_maxrss * 1024
  }

  /// The seconds of a clock that only goes forward.
  static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
