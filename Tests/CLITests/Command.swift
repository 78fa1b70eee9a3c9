import ECTestSupport
import Foundation

/// The built command, run as a person or a script would.
struct Command {
  /// What a run left behind.
  struct Result {
    var status: Int32
    var output: Data
    var errors: String

    /// The lines on standard error that start an error.
    var errorLines: [String] {
      errors.split(separator: "\n").map(String.init).filter { $0.hasPrefix("error: ") }
    }
  }

  /// The program: `ECCONVERT_BIN`, else beside the test bundle, else the release build.
  static let path: String = {
    let beside = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "ecconvert").path
    let candidates =
      [ProcessInfo.processInfo.environment["ECCONVERT_BIN"], beside].compactMap { $0 }
      + bundleFolders.map { $0 + "/ecconvert" } + [Fixture.root + "/.build/release/ecconvert"]
    return candidates.first { access($0, X_OK) == 0 } ?? "ecconvert"
  }()

  /// The folders of arguments that name a test bundle.
  private static var bundleFolders: [String] {
    CommandLine.arguments.filter { $0.hasSuffix(".xctest") }.map {
      URL(filePath: $0).deletingLastPathComponent().path
    }
  }

  /// Runs the command to its end.
  static func run(
    _ arguments: [String], in folder: String? = nil, environment: [String: String] = [:],
    signal: Int32? = nil, after wait: () throws -> Void = {}
  ) throws -> Result {
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    if let folder { process.currentDirectoryURL = URL(filePath: folder) }
    // Files, since full pipes would stop the program.
    let scratch = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(scratch) }
    Fixture.write([], to: scratch + "/out")
    Fixture.write([], to: scratch + "/err")
    let out = try FileHandle(forWritingTo: URL(filePath: scratch + "/out"))
    let err = try FileHandle(forWritingTo: URL(filePath: scratch + "/err"))
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = out
    process.standardError = err
    try process.run()
    if let signal {
      defer { kill(process.processIdentifier, signal) }
      try wait()
    }
    // A run that hangs fails its test, not the whole gate.
    let limit = DispatchWorkItem { kill(process.processIdentifier, SIGKILL) }
    DispatchQueue.global().asyncAfter(deadline: .now() + 60, execute: limit)
    process.waitUntilExit()
    limit.cancel()
    try out.close()
    try err.close()
    let status =
      process.terminationReason == .uncaughtSignal
      ? -process.terminationStatus : process.terminationStatus
    return Result(
      status: status, output: Data(Fixture.bytes(scratch + "/out") ?? []),
      errors: String(decoding: Fixture.bytes(scratch + "/err") ?? [], as: UTF8.self))
  }

  /// Runs a test in a new folder.
  static func inFolder(_ body: (String) throws -> Void) rethrows {
    let folder = Fixture.temporaryFolder()
    defer { Fixture.removeFolder(folder) }
    try body(folder)
  }

  /// The names in a folder, sorted.
  static func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }
}

/// A file of `fixtures/cli`.
func model(_ name: String) -> String { Fixture.path("cli/\(name).h5") }
