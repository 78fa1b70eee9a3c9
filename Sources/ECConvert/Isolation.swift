import ECHDF5
import Glibc

/// Keeps crashes of libhdf5 over broken files out of this process.
///
/// An executable calls `serveIfAsked` first of all and `readInProcesses` before it converts. Programs
/// that don't read HDF5 in their own process, where a file made to break libhdf5 ends them as well.
public enum Isolation {
  /// Reads a file for another process and exits, if this process was started for that.
  public static func serveIfAsked() { HDF5Isolation.serveIfAsked() }

  /// Lets short-lived processes of an executable read HDF5 files from now on, unless the environment
  /// variable `ECCONVERT_READER` is `in-process`.
  /// - Parameter executable: by default this program, which then has to call `serveIfAsked`.
  public static func readInProcesses(of executable: String = "/proc/self/exe") {
    if let word = getenv("ECCONVERT_READER"), strcmp(word, "in-process") == 0 { return }
    HDF5Isolation.current = .process(executable: executable)
  }
}
