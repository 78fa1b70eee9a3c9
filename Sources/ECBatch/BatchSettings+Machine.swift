import ECConvert
import ECMachine

extension BatchSettings {
  /// Shares the machine out: a job a core, as long as the largest of them fit into memory together; the
  /// cores that are left over as threads.
  /// - Parameters:
  ///   - cores: How many cores may work; 0 means all that this process may use.
  ///   - count: How many jobs run at once, if that is settled.
  public mutating func share(_ jobs: [BatchJob], cores: Int, count: Int?) {
    let machine = Machine.current
    let cores = cores > 0 ? cores : machine.coreCount
    parallelCount = count ?? Self.parallelCount(jobs, cores: cores, machine.availableByteCount)
    threadCount = max(1, cores / parallelCount)
  }

  private static func parallelCount(_ jobs: [BatchJob], cores: Int, _ available: Int) -> Int {
    let sizes = jobs.map { estimate(FileSize.of($0.input)) }.sorted(by: >)
    var (sum, count) = (0, 0)
    for size in sizes.prefix(cores) {
      sum += size
      if sum > available / 10 * 8 { break }
      count += 1
    }
    return max(1, count)
  }

  /// What a job needs at most, by experience: the weights a few times over, and activations.
  private static func estimate(_ byteCount: Int) -> Int { 4 * byteCount + 400_000_000 }
}
