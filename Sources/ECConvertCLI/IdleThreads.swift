import ECConvert
import Glibc

/// How threads of oneDNN's OpenMP runtime wait for each other.
enum IdleThreads {
  private static let variable = "OMP_WAIT_POLICY"

  /// The commands that run no network themselves.
  private static let others: Set = [
    "inspect", "batch", "operators", "architectures", "help", "--help", "-h", "--version",
  ]

  /// On a busy machine, lets idle threads sleep instead of spin, unless the user decided otherwise.
  ///
  /// A thread that spins at a barrier takes the core from the one it waits for: with anything else
  /// at work, two threads were up to five times slower than one. Where all cores are free, spinning
  /// is what makes two threads twice as fast: sleeping ones are woken on the core that wakes them.
  /// The runtime reads the variable when it is loaded, before anything of ours runs, so the program
  /// starts anew.
  static func sleepIfBusy(_ arguments: [String]) {
    guard let first = arguments.first, !others.contains(first), !arguments.contains("--help"),
      getenv(variable) == nil, getenv("GOMP_SPINCOUNT") == nil, isBusy
    else { return }
    setenv(variable, "passive", 1)
    var words = CommandLine.arguments.map { strdup($0) } + [nil]
    execv(CommandPath.current, &words)
    // Where that isn't possible, threads spin.
    words.forEach { free($0) }
  }

  /// Whether others have used more than a quarter of the cores within the last minute.
  private static var isBusy: Bool {
    var load = 0.0
    guard getloadavg(&load, 1) == 1 else { return true }
    return load > 0.25 * Double(WorkerThreads.count(0))
  }
}
