import Glibc

/// How many threads work.
package enum WorkerThreads {
  /// The wanted number; 0 means all cores.
  package static func count(_ wanted: Int) -> Int {
    wanted > 0 ? wanted : max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  }
}
