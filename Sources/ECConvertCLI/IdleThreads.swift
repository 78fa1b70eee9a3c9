import ECConvert
import Glibc

/// How threads of oneDNN's OpenMP runtime wait for each other.
enum IdleThreads {
  private static let variable = "GOMP_SPINCOUNT"
  /// About 0.2 ms: longer than a kernel's threads wait for each other if all have a core.
  private static let shortSpin = "30000"

  /// The commands that run no network themselves.
  private static let others: Set = [
    "inspect", "batch", "operators", "architectures", "help", "--help", "-h", "--version",
  ]

  /// On a busy machine, lets idle threads sleep soon, unless the user decided otherwise.
  ///
  /// A thread that spins at a barrier takes the core from the one it waits for: with anything else
  /// at work, EfficientNetB0 took a third longer than with short spins. Threads that sleep at once are
  /// slower still, by half: waking one takes as long as a small kernel.
  /// The runtime reads the variable when it is loaded, before anything of ours runs, so the program
  /// starts anew.
  static func spinBrieflyIfBusy(_ arguments: [String]) {
    guard let first = arguments.first, !others.contains(first), !arguments.contains("--help"),
      getenv(variable) == nil, getenv("OMP_WAIT_POLICY") == nil, isBusy
    else { return }
    setenv(variable, shortSpin, 1)
    var words = CommandLine.arguments.map { strdup($0) } + [nil]
    execv(CommandPath.current, &words)
    // Where that isn't possible, threads spin longer.
    words.forEach { free($0) }
  }

  /// Whether others have used more than a quarter of the cores within the last minute.
  private static var isBusy: Bool {
    var load = 0.0
    guard getloadavg(&load, 1) == 1 else { return true }
    return load > 0.25 * Double(WorkerThreads.count(0))
  }
}
