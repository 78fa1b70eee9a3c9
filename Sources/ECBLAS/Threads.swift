import COpenBLAS

/// The width of OpenBLAS's thread pool, which is one for the whole process.
///
/// It is 1 until somebody widens it: OpenBLAS's threads spin, so work is spread over layers and
/// only a single huge product deserves more. Widening isn't meant for concurrent callers.
public enum Threads {
  /// How many threads OpenBLAS uses.
  public static var count: Int {
    get {
      settle()
      return Int(openblas_get_num_threads())
    }
    set {
      settle()
      openblas_set_num_threads(Int32(clamping: max(1, newValue)))
    }
  }

  /// Runs `body` with `count` threads and restores the earlier number.
  public static func withCount<R, E: Error>(_ count: Int, _ body: () throws(E) -> R) throws(E) -> R
  {
    let earlier = Self.count
    guard count != earlier else { return try body() }
    Self.count = count
    defer { Self.count = earlier }
    return try body()
  }

  /// Sets the default of 1 before the first use of the library.
  static func settle() { _ = narrowedOnce }

  private static let narrowedOnce: Void = openblas_set_num_threads(1)
}
