import CLinux
import ECConvert
import ECGraph
import Glibc

/// A job's process: `ecconvert convert`, whose words come as lines of JSON.
struct ChildProcess: ~Copyable {
  /// Names the parent whose end a job's process follows.
  static let parentVariable = "ECCONVERT_PARENT"

  let pid: pid_t
  /// The process's standard error.
  let errors: Int32
  private var isReaped = false
  private var text: [UInt8] = []

  /// Starts a program.
  /// - Throws: `BatchError.cannotStart`.
  init(_ program: String, _ arguments: [String]) throws(BatchError) {
    var ends: (Int32, Int32) = (-1, -1)
    let isPiped = withUnsafeMutablePointer(to: &ends) {
      $0.withMemoryRebound(to: Int32.self, capacity: 2) { eclinux_pipe($0) == 0 }
    }
    guard isPiped else { throw Self.failure(errno) }
    defer { close(ends.1) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, ends.1, STDERR_FILENO)
    var words = ([program] + arguments).map { strdup($0) } + [nil]
    var variables = Self.environment().map { strdup($0) } + [nil]
    defer { (words + variables).forEach { free($0) } }
    var child: pid_t = 0
    let code = posix_spawn(&child, program, &actions, nil, &words, &variables)
    guard code == 0 else {
      close(ends.0)
      throw Self.failure(code)
    }
    pid = child
    errors = ends.0
  }

  deinit {
    close(errors)
    guard !isReaped else { return }
    kill(pid, SIGTERM)
    waitpid(pid, nil, 0)
  }

  private static func failure(_ code: Int32) -> BatchError {
    BatchError(.cannotStart(message: String(cString: strerror(code)).lowercased()))
  }

  /// This process's environment, with its own number for the child.
  private static func environment() -> [String] {
    var variables: [String] = []
    var next = environ
    while let variable = next.pointee {
      let text = String(cString: variable)
      if !text.hasPrefix(parentVariable + "=") { variables.append(text) }
      next += 1
    }
    // Threads of several jobs that spin would take each other's cores.
    if getenv("OMP_WAIT_POLICY") == nil { variables.append("OMP_WAIT_POLICY=passive") }
    return variables + ["\(parentVariable)=\(getpid())"]
  }

  /// Takes what the process has written since.
  /// - Returns: whole lines; `nil` once there is nothing more to come.
  mutating func lines() -> [FormatObject]? {
    var buffer = [UInt8](repeating: 0, count: 1 << 14)
    var count = read(errors, &buffer, buffer.count)
    while count < 0 && errno == EINTR { count = read(errors, &buffer, buffer.count) }
    guard count > 0 else { return nil }
    text += buffer[..<count]
    var found: [FormatObject] = []
    while let end = text.firstIndex(of: 0x0A) {
      let line = text[..<end]
      if let object = (try? FormatValue(json: line))?.object {
        found.append(object)
      } else {
        // What a library or the system writes isn't JSON.
        found.append([
          "level": .string("other"), "message": .string(String(decoding: line, as: UTF8.self)),
        ])
      }
      text.removeSubrange(...end)
    }
    return found
  }

  /// How a process ended and what it used.
  struct Ending {
    /// The exit code, 128 plus the signal's number where a signal ended it.
    let code: Int32
    let cpuSeconds: Double
    let peakByteCount: Int
  }

  /// Waits for the end.
  mutating func end() -> Ending {
    var status: Int32 = 0
    var usage = rusage()
    while wait4(pid, &status, 0, &usage) < 0 && errno == EINTR {}
    isReaped = true
    let signal = status & 0x7F
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
    return Ending(
      code: signal == 0 ? (status >> 8) & 0xFF : 128 + signal,
      cpuSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
      peakByteCount: usage.ru_maxrss * 1024)
  }
}

/// What the process of a job does about its parent.
public enum ParentProcess {
  /// Ends this process when the batch that started it ends, even by `kill -9`.
  public static func follow() {
    guard let text = getenv(ChildProcess.parentVariable), let parent = pid_t(String(cString: text))
    else { return }
    _ = eclinux_signal_at_death_of_parent(SIGTERM)
    // The parent may have ended before that.
    if getppid() != parent { exit(130) }
  }
}
