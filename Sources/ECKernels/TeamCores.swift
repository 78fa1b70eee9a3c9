import CLinux

/// The cores of a team of OpenMP threads that takes all cores that this process may use.
///
/// The kernel tends to start a thread on the core that wakes it, where it waits for milliseconds beside
/// a core that has nothing to do: two threads took up to twice as long as one. Where a team is smaller
/// than the machine, threads aren't kept anywhere, for then a free core is found.
struct TeamCores {
  private typealias Body = @convention(c) (UnsafeMutableRawPointer?) -> Void
  private typealias Parallel =
    @convention(c) (Body, UnsafeMutableRawPointer?, UInt32, UInt32) -> Void
  private typealias ThreadNumber = @convention(c) () -> Int32

  /// The runtime has no header here; compilers call this one for a parallel region.
  private static let parallel = Threads.symbol("GOMP_parallel", as: Parallel.self)
  private static let threadNumber = Threads.symbol("omp_get_thread_num", as: ThreadNumber.self)
  private static let wordBits = UInt.bitWidth

  /// The cores that the calling thread may use, one bit each.
  private let allowed: [UInt]
  /// By thread, its core.
  private let cores: [Int]

  /// Looks at the cores, or gives nil where threads can't or needn't be kept on one.
  init?(threads: Int) {
    guard Self.parallel != nil, Self.threadNumber != nil else { return nil }
    var mask = [UInt](repeating: 0, count: 128)
    let filled = eclinux_cores(&mask, mask.count * MemoryLayout<UInt>.size)
    mask.removeLast(mask.count - filled / MemoryLayout<UInt>.size)
    let cores = (0..<mask.count * Self.wordBits).filter {
      mask[$0 / Self.wordBits] >> ($0 % Self.wordBits) & 1 == 1
    }
    guard cores.count == threads else { return nil }
    (allowed, self.cores) = (mask, cores)
  }

  /// Puts every thread of the team on its core; the calling thread is the first.
  func spread() {
    var copy = self
    withUnsafeMutablePointer(to: &copy) { team in
      Self.parallel?(
        { argument in
          guard let team = argument?.assumingMemoryBound(to: TeamCores.self).pointee,
            let number = TeamCores.threadNumber.map({ Int($0()) }), number < team.cores.count
          else { return }
          team.keepCallingThread(on: team.cores[number])
        }, team, UInt32(cores.count), 0)
    }
  }

  /// Lets the calling thread use all its cores again: threads and processes that it starts inherit
  /// them. The others of the team do nothing else.
  func release() {
    _ = eclinux_set_cores(allowed, allowed.count * MemoryLayout<UInt>.size)
  }

  private func keepCallingThread(on core: Int) {
    var mask = [UInt](repeating: 0, count: allowed.count)
    mask[core / Self.wordBits] = 1 << (core % Self.wordBits)
    _ = eclinux_set_cores(mask, mask.count * MemoryLayout<UInt>.size)
  }
}
