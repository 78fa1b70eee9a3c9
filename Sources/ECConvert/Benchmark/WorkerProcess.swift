import ECDiagnostics
import Glibc

/// A process that holds one model and runs it whenever it is told to.
///
/// It says `ready NAME BASE` once it has run the model for the first time, or `error MESSAGE`; on
/// every line `run` it runs and says `WALL CPU` in seconds; on `peak` it says its peak memory in
/// bytes. NAME is the engine, BASE the memory in bytes before the model was read. It ends with its
/// standard input.
final class WorkerProcess {
  /// The engine and its version.
  private(set) var name = ""
  /// The memory without the model, in bytes.
  private(set) var baseByteCount = 0
  private let process: pid_t
  private let input: Int32
  private var output: LineReader

  /// Why a worker can't be used.
  struct Failure: Error {
    let message: String
  }

  /// Starts a worker and waits until it is ready.
  init(_ command: [String]) throws(Failure) {
    var ends: [Int32] = []
    for _ in 0..<2 {
      var pair: [Int32] = [0, 0]
      guard pipe(&pair) == 0 else { throw Failure(message: String(cString: strerror(errno))) }
      // Another worker must not hold the ends: this one is told to end by closing its input.
      for end in pair { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      ends += pair
    }
    (input, output) = (ends[1], LineReader(descriptor: ends[2]))
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, ends[3], STDOUT_FILENO)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    defer { posix_spawn_file_actions_destroy(&actions) }
    var arguments = command.map { strdup($0) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    var process: pid_t = 0
    let status = posix_spawnp(&process, command[0], &actions, nil, arguments, environ)
    close(ends[0])
    close(ends[3])
    self.process = status == 0 ? process : 0
    guard status == 0 else {
      throw Failure(message: "'\(command[0])': \(String(cString: strerror(status)))")
    }
    let words = try answer().split(separator: " ").map(String.init)
    guard words.count == 3, words[0] == "ready", let base = Int(words[2]) else {
      throw Failure(message: words.dropFirst().joined(separator: " "))
    }
    name = words[1].replacing("/", with: " ")
    baseByteCount = base
  }

  deinit {
    close(input)
    close(output.descriptor)
    if process > 0 { waitpid(process, nil, 0) }
  }

  /// Waits between the turns of two workers with threads that wait for work: those of onnxruntime do so
  /// for 35 ms after each run, spinning, and would take a core from the next one's.
  static func pause(threads: Int) {
    if WorkerThreads.count(threads) > 1 { usleep(60_000) }
  }

  /// Runs the model once.
  func run() throws(Failure) -> (wall: Double, cpu: Double) {
    let words = try ask("run").split(separator: " ").compactMap { Double($0) }
    guard words.count == 2 else { throw Failure(message: "it gave no times") }
    return (words[0], words[1])
  }

  /// The most memory that the process had, in bytes.
  func peakByteCount() throws(Failure) -> Int {
    guard let count = Int(try ask("peak")) else { throw Failure(message: "it gave no size") }
    return count
  }

  private func ask(_ word: String) throws(Failure) -> String {
    let line = Array("\(word)\n".utf8)
    guard write(input, line, line.count) == line.count else {
      throw Failure(message: "it ended")
    }
    return try answer()
  }

  private func answer() throws(Failure) -> String {
    guard let line = output.next() else { throw Failure(message: "it ended without a word") }
    if line.hasPrefix("error ") { throw Failure(message: String(line.dropFirst(6))) }
    return line
  }
}

/// The lines that come from a descriptor.
private struct LineReader {
  let descriptor: Int32
  private var pending: [UInt8] = []

  init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  /// The next line, or `nil` at the end.
  mutating func next() -> String? {
    while true {
      if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        defer { pending.removeFirst(end + 1) }
        return String(decoding: pending[..<end], as: UTF8.self)
      }
      var chunk = [UInt8](repeating: 0, count: 4096)
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return nil }
      pending += chunk[..<count]
    }
  }
}
