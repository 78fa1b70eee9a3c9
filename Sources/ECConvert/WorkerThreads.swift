import ECMachine

/// How many threads work.
package enum WorkerThreads {
  /// The wanted number; 0 means all cores that this process may use.
  package static func count(_ wanted: Int) -> Int {
    wanted > 0 ? wanted : Machine.current.coreCount
  }
}
