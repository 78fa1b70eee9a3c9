import Glibc
import Synchronization

/// Removes unfinished outputs when a signal ends the program.
///
/// A path, of a file or of the folder that holds such files, is protected before it is made, and
/// released once the file has its final name or is removed. Everything that the signal handler touches is allocated by `install`.
public enum OutputGuard {
  /// How many files can be protected at once.
  private static let capacity = 64
  private static let writers = Mutex(())
  /// C strings of the protected paths; free places are `nil`. They are never freed, since a handler
  /// may be reading them.
  nonisolated(unsafe) private static let paths = {
    let table = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: capacity)
    table.initialize(repeating: nil, count: capacity)
    return table
  }()
  /// How many outputs are getting their names right now.
  private static let suspensions = Atomic<Int>(0)
  nonisolated(unsafe) private static var interrupted: UnsafeMutablePointer<CChar>?
  nonisolated(unsafe) private static var crashed: UnsafeMutablePointer<CChar>?
  nonisolated(unsafe) private static var vanished: UnsafeMutablePointer<CChar>?

  /// Removes a path if the program is ended by a signal from now on.
  public static func protect(_ path: String) {
    writers.withLock { _ in
      for place in 0..<capacity where paths[place] == nil {
        paths[place] = strdup(path)
        return
      }
    }
  }

  /// Leaves a path alone again.
  public static func release(_ path: String) {
    writers.withLock { _ in
      for place in 0..<capacity {
        if let held = paths[place], strcmp(held, path) == 0 { paths[place] = nil }
      }
    }
  }

  private static var isReady: Bool { suspensions.load(ordering: .sequentiallyConsistent) == 0 }

  /// Lets nothing interrupt until `resume`: a few renames that belong together.
  static func suspend() { suspensions.add(1, ordering: .sequentiallyConsistent) }

  /// Lets signals end the program again; one that came in between came too late.
  static func resume() { suspensions.subtract(1, ordering: .sequentiallyConsistent) }

  /// Installs the handlers: exit 130 when interrupted, 65 when a file that is mapped became shorter,
  /// 70 when the program itself failed.
  /// - Parameters:
  ///   - interrupted: what is written to standard error when a person or the system ends the run.
  ///   - vanished: what is written when bytes of an input are gone.
  ///   - crashed: what is written when the program broke.
  public static func install(interrupted: String, vanished: String, crashed: String) {
    self.interrupted = strdup(interrupted)
    self.vanished = strdup(vanished)
    self.crashed = strdup(crashed)
    _ = (paths, suspensions.load(ordering: .relaxed))
    let stack = UnsafeMutableRawPointer.allocate(byteCount: 1 << 16, alignment: 16)
    var alternate = stack_t(ss_sp: stack, ss_flags: 0, ss_size: 1 << 16)
    sigaltstack(&alternate, nil)
    // Whoever started the program may have blocked signals; that is inherited.
    var all = sigset_t()
    sigfillset(&all)
    sigprocmask(SIG_UNBLOCK, &all, nil)
    for signal in [SIGINT, SIGTERM, SIGHUP] {
      handle(signal) { _ in
        if OutputGuard.isReady { OutputGuard.end(130) }
      }
    }
    for signal in [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGFPE] {
      handle(signal) { _ in OutputGuard.end(70) }
    }
    var action = sigaction()
    // Only inputs are mapped: an address without bytes lies in one that was cut.
    action.__sigaction_handler.sa_sigaction = { _, cause, _ in
      OutputGuard.end(cause?.pointee.si_code == Int32(BUS_ADRERR) ? 65 : 70)
    }
    action.sa_flags = Int32(SA_ONSTACK) | Int32(SA_SIGINFO)
    sigaction(SIGBUS, &action, nil)
  }

  private static func handle(_ number: Int32, _ handler: @escaping @convention(c) (Int32) -> Void) {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = handler
    action.sa_flags = Int32(SA_ONSTACK)
    sigaction(number, &action, nil)
  }

  /// Calls nothing but functions that are safe in a signal handler.
  private static func end(_ code: Int32) -> Never {
    for place in 0..<capacity {
      if let path = paths[place] { unlink(path) }
    }
    // A folder only when nothing is left in it.
    for place in 0..<capacity {
      if let path = paths[place] { rmdir(path) }
    }
    if let message = code == 130 ? interrupted : code == 65 ? vanished : crashed {
      _ = write(STDERR_FILENO, message, strlen(message))
    }
    _exit(code)
  }
}
