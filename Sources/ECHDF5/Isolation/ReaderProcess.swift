import Glibc
import Synchronization

/// A process that was started to read a file.
final class ReaderProcess: Sendable {
  /// A process that can't be started, in the system's words.
  struct Failure: Error {
    let message: String

    init(code: Int32) { message = String(cString: strerror(code)).lowercased() }
  }

  /// This process's end of the connection.
  let socket: Int32
  /// `nil` once the process has ended.
  private let identifier: Mutex<pid_t?>

  /// Starts an executable on an open file.
  init(_ executable: String, file: Int32) throws(Failure) {
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw Failure(code: errno) }
    defer { close(ends[1]) }
    do throws(Failure) {
      identifier = Mutex(try ReaderProcess.spawn(executable, file: file, socket: ends[1]))
    } catch {
      close(ends[0])
      throw error
    }
    socket = ends[0]
  }

  deinit {
    close(socket)
    // It ends when nobody asks any more.
    _ = ReaderProcess.wait(identifier.withLock { $0 })
  }

  /// Waits for a process that broke off, and says how it ended.
  func end() -> HDF5Error.Reason {
    shutdown(socket, Int32(SHUT_RDWR))
    let status = identifier.withLock { identifier in
      defer { identifier = nil }
      return ReaderProcess.wait(identifier)
    }
    guard let status else { return .crashed("it ended early") }
    let signal = status & 0x7F
    switch signal {
    case 0: return .crashed("exit code \(status >> 8 & 0xFF)")
    case SIGXCPU: return .tooSlow(seconds: ReaderLimits.seconds)
    case SIGBUS: return .crashed("signal \(signal); the file may have become shorter meanwhile")
    default: return .crashed("signal \(signal)")
    }
  }

  private static func wait(_ identifier: pid_t?) -> Int32? {
    guard let identifier else { return nil }
    var status: Int32 = 0
    while waitpid(identifier, &status, 0) < 0 {
      if errno != EINTR { return nil }
    }
    return status
  }

  /// Starts the process with nothing of this one but the file and the connection: every signal as
  /// it is by default, whatever the calling thread blocks, and no words on the terminal.
  private static func spawn(
    _ executable: String, file: Int32, socket: Int32
  ) throws(Failure) -> pid_t {
    // Copies out of the way of the numbers that the process expects.
    let copies = (fcntl(file, F_DUPFD_CLOEXEC, 16), fcntl(socket, F_DUPFD_CLOEXEC, 16))
    defer {
      close(copies.0)
      close(copies.1)
    }
    guard copies.0 >= 0, copies.1 >= 0 else { throw Failure(code: errno) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (descriptor, mode) in [(STDIN_FILENO, O_RDONLY), (STDOUT_FILENO, O_WRONLY)] {
      posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", mode, 0)
    }
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
    posix_spawn_file_actions_adddup2(&actions, copies.0, ReaderService.file)
    posix_spawn_file_actions_adddup2(&actions, copies.1, ReaderService.socket)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))

    var arguments = [strdup(executable), strdup(HDF5Isolation.word), nil]
    defer { for argument in arguments { free(argument) } }
    var identifier: pid_t = 0
    let code = posix_spawn(&identifier, executable, &actions, &attributes, &arguments, environ)
    guard code == 0 else { throw Failure(code: code) }
    return identifier
  }
}
