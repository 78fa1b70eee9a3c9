import Glibc
import Synchronization

/// Where libhdf5 reads files: it can crash on files that were made to break it.
public enum HDF5Isolation: Sendable {
  /// In this process.
  case none
  /// In a short-lived process of an executable that begins with `serveIfAsked()`; a crash there
  /// becomes an error here.
  case process(executable: String)

  private static let chosen = Mutex(HDF5Isolation.none)

  /// How files are opened from now on; at first in this process.
  public static var current: HDF5Isolation {
    get { chosen.withLock { $0 } }
    set { chosen.withLock { $0 = newValue } }
  }

  /// The only argument of a process that reads.
  static let word = "--serve-hdf5"

  /// Reads for another process and exits, where this process was started for that; returns at once
  /// otherwise.
  ///
  /// The first thing that an executable does which is given to `process`.
  public static func serveIfAsked() {
    guard CommandLine.argc == 2, let word = CommandLine.unsafeArgv[1],
      strcmp(word, HDF5Isolation.word) == 0
    else { return }
    ReaderService().run()
  }
}
