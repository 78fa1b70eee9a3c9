import Glibc

/// The number of threads that kernels of the calling thread use.
///
/// OpenMP keeps the number per calling thread. A `Program` sets its own for the time of a run.
public enum Threads {
  private typealias Setter = @convention(c) (Int32) -> Void
  private typealias Getter = @convention(c) () -> Int32

  /// The runtime comes with oneDNN and has no header here, so its two functions are looked up.
  private static let setter = symbol("omp_set_num_threads", as: Setter.self)
  private static let getter = symbol("omp_get_max_threads", as: Getter.self)

  static func symbol<T>(_ name: String, as type: T.Type) -> T? {
    guard let address = dlsym(nil, name) else { return nil }
    return unsafeBitCast(address, to: type)
  }

  /// Sets the number for the calling thread; below 1 counts as 1.
  public static func set(_ count: Int) {
    setter?(Int32(clamping: max(count, 1)))
  }

  /// The number in force for the calling thread.
  public static var count: Int { getter.map { Int($0()) } ?? 1 }

  /// Runs a body under another number of threads, each on a core of its own where they take all.
  static func with<R>(_ count: Int, _ body: () throws(KernelError) -> R) throws(KernelError) -> R {
    let before = Self.count
    set(count)
    defer { set(before) }
    guard count > 1, let cores = TeamCores(threads: count) else { return try body() }
    cores.spread()
    defer { cores.release() }
    return try body()
  }
}
