import Glibc

/// How threads of oneDNN's OpenMP runtime wait for each other.
enum IdleThreads {
  private static let variable = "OMP_WAIT_POLICY"

  /// The commands that run no network themselves.
  private static let others: Set = [
    "inspect", "batch", "operators", "architectures", "help", "--help", "-h", "--version",
  ]

  /// Lets idle threads sleep instead of spin, unless the user decided otherwise.
  ///
  /// A thread that spins at a barrier takes the core from the one it waits for: with anything else
  /// at work on the machine, two threads were up to five times slower than one. The runtime reads
  /// the variable when it is loaded, before anything of ours runs, so the program starts anew.
  static func sleep(_ arguments: [String]) {
    guard let first = arguments.first, !others.contains(first), !arguments.contains("--help"),
      getenv(variable) == nil, getenv("GOMP_SPINCOUNT") == nil
    else { return }
    setenv(variable, "passive", 1)
    var words = CommandLine.arguments.map { strdup($0) } + [nil]
    execv(CommandPath.current, &words)
    // Where that isn't possible, threads spin.
    words.forEach { free($0) }
  }
}
