import ArgumentParser
import ECBatch
import ECConvert
import ECGraph
import Glibc

/// Where words go: data to standard output, everything for people to standard error.
struct Console: Sendable {
  /// How lines on standard error look.
  enum Format: String, CaseIterable, Sendable { case text, json }
  /// When colours are used.
  enum Colour: String, CaseIterable, Sendable { case auto, always, never }
  /// How much is said.
  enum Verbosity: Sendable, Comparable { case quiet, normal, verbose }
  /// The kind of a line.
  enum Level: String, Sendable { case error, warning, note, debug, progress }

  var format = Format.text
  var verbosity = Verbosity.normal
  /// Whether ANSI colours are used.
  var colour = false
  /// Whether data for people on standard output may have ANSI colours.
  var coloursData = false
  /// Whether a progress line may be drawn.
  var drawsProgress = false

  static let vanishedInput =
    "an input became shorter or unreadable while it was read; the output was not written"

  static let reportRequest =
    "ecconvert itself failed; please report this command, its output and, where possible, the model"

  /// Reads only what decides how words are printed, so that errors of parsing follow it as well.
  init(scanning arguments: [String]) {
    func value(_ name: String) -> String? {
      for (index, argument) in arguments.enumerated().reversed() {
        if argument.hasPrefix(name + "=") { return String(argument.dropFirst(name.count + 1)) }
        if argument == name && index + 1 < arguments.count { return arguments[index + 1] }
      }
      return nil
    }
    format = value("--log-format").flatMap(Format.init) ?? .text
    if arguments.contains("-q") || arguments.contains("--quiet") { verbosity = .quiet }
    if arguments.contains("-v") || arguments.contains("--verbose") { verbosity = .verbose }
    let isDumb = getenv("TERM").map { strcmp($0, "dumb") } == 0
    let isTerminal = isatty(STDERR_FILENO) == 1 && !isDumb
    switch value("--color").flatMap(Colour.init) ?? .auto {
    case .auto:
      let isWanted = getenv("NO_COLOR") == nil
      colour = isTerminal && isWanted
      coloursData = isatty(STDOUT_FILENO) == 1 && !isDumb && isWanted
    case .always: (colour, coloursData) = (true, true)
    case .never: break
    }
    colour = colour && format == .text
    drawsProgress = isTerminal && format == .text && verbosity > .quiet
  }

  /// Writes data to standard output.
  static func data(_ text: String) {
    write(text.hasSuffix("\n") ? text : text + "\n", to: STDOUT_FILENO)
  }

  /// Writes lines about the result, unless quiet.
  func summary(_ lines: [String]) {
    guard verbosity > .quiet else { return }
    for line in lines {
      Self.write(format == .json ? text(.note, line) : line + "\n", to: STDERR_FILENO)
    }
  }

  /// Writes warnings, unless quiet.
  func warnings(_ lines: [String]) {
    guard verbosity > .quiet else { return }
    for line in lines { Self.write(text(.warning, line), to: STDERR_FILENO) }
  }

  /// Writes which stage begins, for programs that listen.
  func begins(_ stage: String) {
    guard verbosity == .verbose, format == .json else { return }
    Self.write(text(.progress, stage), to: STDERR_FILENO)
  }

  /// Writes how long a stage took, if verbose.
  func timing(_ stage: String, seconds: Double) {
    guard verbosity == .verbose else { return }
    let line = "\(stage): \(Self.short(seconds)) s"
    Self.write(format == .json ? text(.debug, line) : "  \(line)\n", to: STDERR_FILENO)
  }

  /// Writes what ended a command line and gives the exit code.
  func finish(_ error: any Error, arguments: [String]) -> Int32 {
    if let code = error as? ExitCode { return code.rawValue }
    if let error = error as? any DiagnosticError {
      Self.write(text(error), to: STDERR_FILENO)
      if error.category == .internal {
        Self.write(text(.error, Self.reportRequest), to: STDERR_FILENO)
      }
      return error.category.rawValue
    }
    let code = ECConvertCommand.exitCode(for: error).rawValue
    if code == EXIT_SUCCESS {
      Self.data(ECConvertCommand.fullMessage(for: error, columns: 80))
      return EXIT_SUCCESS
    }
    if code == ExitCode.validationFailure.rawValue {
      let usage = UsageError(
        parsing: ECConvertCommand.message(for: error), arguments: arguments)
      Self.write(text(usage), to: STDERR_FILENO)
      return usage.category.rawValue
    }
    Self.write(text(.error, "\(error)"), to: STDERR_FILENO)
    Self.write(text(.error, Self.reportRequest), to: STDERR_FILENO)
    return FaultCategory.internal.rawValue
  }

  /// An error as it is printed.
  func text(_ error: any DiagnosticError) -> String {
    guard format == .json else { return Renderer(colour: colour).render(error) + "\n" }
    return FormatValue.object([
      "level": .string(Level.error.rawValue),
      "message": .string(error.what),
      "place": .string(error.place.description),
      "remedy": error.remedy.map { .string($0) } ?? .null,
      "details": .list(error.details.map { .string($0) }),
    ]).json() + "\n"
  }

  /// A line of a level as it is printed.
  func text(_ level: Level, _ message: String) -> String {
    if format == .json {
      return FormatValue.object([
        "level": .string(level.rawValue), "message": .string(message), "place": .string(""),
        "remedy": .null,
      ]).json() + "\n"
    }
    let renderer = Renderer(colour: colour)
    switch level {
    case .error: return (colour ? "\u{1B}[1;31merror: \u{1B}[0m" : "error: ") + message + "\n"
    case .warning: return renderer.warning(message) + "\n"
    case .note: return renderer.note(message) + "\n"
    case .debug, .progress: return message + "\n"
    }
  }

  /// A number without a fraction where it has none.
  static func number(_ value: Double) -> String {
    value.rounded() == value && value.magnitude < 1e15 ? "\(Int(value))" : "\(value)"
  }

  /// Seconds with two decimals below ten, else with one.
  static func short(_ seconds: Double) -> String {
    let scale = seconds < 10 ? 100.0 : 10
    return "\((seconds * scale).rounded() / scale)"
  }

  /// Writes why a job of a batch failed.
  func failed(_ job: String, _ failure: JobFailure) {
    if format == .json {
      return Self.write(text(.error, "\(job): \(failure.sentence)"), to: STDERR_FILENO)
    }
    let error = UsageError(failure.sentence, at: Place([job]), remedy: failure.remedy)
    Self.write(text(error), to: STDERR_FILENO)
  }

  /// The width of the terminal on standard error; 80 where there is none.
  static var columns: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Writes all of a text; what can't be written is lost.
  static func write(_ text: String, to descriptor: Int32) {
    let bytes = Array(text.utf8)
    var start = 0
    while start < bytes.count {
      let count = bytes[start...].withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return }
      start += count
    }
  }
}
