import ECBatch
import ECConvert
import ECGraph
import Glibc

/// What people see of a batch: a line for each model that ends, and on a terminal one that says what
/// runs now.
struct BatchProgress {
  private let console: Console
  private let jobCount: Int
  private var endedCount = 0
  private var failedCount = 0
  /// What runs now, by output, in order of starting.
  private var running: [(output: String, stage: String)] = []
  private let started = ProcessMemory.now

  init(_ console: Console, jobCount: Int) {
    self.console = console
    self.jobCount = jobCount
  }

  /// Takes what happened.
  mutating func take(_ event: BatchEvent) {
    switch event {
    case .started(let job): running.append((job.output, "starting"))
    case .stage(let job, let stage):
      if let place = running.firstIndex(where: { $0.output == job.output }) {
        running[place].stage = stage
      }
    case .ended(let job, let outcome):
      running.removeAll { $0.output == job.output }
      endedCount += 1
      if outcome.isFailure { failedCount += 1 }
      clear()
      tell(job, outcome)
    }
    draw()
  }

  /// Takes the line away.
  func finish() { clear() }

  private func clear() {
    if console.drawsProgress { Console.write("\r\u{1B}[K", to: STDERR_FILENO) }
  }

  private func draw() {
    guard console.drawsProgress, endedCount < jobCount else { return }
    var line = "\(endedCount)/\(jobCount)"
    if failedCount > 0 { line += ", \(failedCount) failed" }
    line += " (\(Console.short(ProcessMemory.now - started)) s)"
    for job in running { line += " | \(job.output): \(job.stage)" }
    Console.write("\r\u{1B}[K" + line.prefix(max(20, Console.columns - 1)), to: STDERR_FILENO)
  }

  private func tell(_ job: BatchJob, _ outcome: JobOutcome) {
    let position = "[\(endedCount)/\(jobCount)]"
    if case .failed(let failure, _) = outcome {
      return console.failed("\(position) \(job.output)", failure)
    }
    var line = "\(position) \(job.output)"
    let models = ["input", "output"].map { outcome.report?[$0]?.object }
    if let before = models[0]?["macs"]?.double, let after = models[1]?["macs"]?.double, before > 0 {
      line += ": \((after / before * 1000).rounded() / 10) % of the MACs"
    }
    if case .unchanged = outcome { line += ", unchanged" }
    if let cost = outcome.cost { line += ", \(Console.short(cost.seconds)) s" }
    console.summary([line])
  }

  /// What a person wants to know at the end.
  static func lines(_ summary: BatchSummary, isPart: Bool) -> [String] {
    let counts = ["done", "unchanged", "failed", "left"].compactMap { word -> String? in
      let count = summary.count(word)
      return count > 0 ? "\(count) \(word == "left" ? "not run" : word)" : nil
    }
    let next =
      isPart ? "when all parts are done, give --summarize" : "see \(summary.folder)/index.html"
    return [counts.joined(separator: ", ") + "; " + next]
  }
}

/// Where the running program is.
enum CommandPath {
  /// The path of this program's file.
  static var current: String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    guard count > 0 else { return CommandLine.arguments.first ?? "ecconvert" }
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
