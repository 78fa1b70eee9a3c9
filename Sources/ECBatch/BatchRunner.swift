import ECConvert
import ECGraph
import Glibc

/// How a batch goes about its jobs.
public struct BatchSettings: Sendable {
  /// The output folder.
  public var folder: String
  /// The jobs that run at once.
  public var parallelCount = 1
  /// The threads of each job.
  public var threadCount = 1
  /// Whether other jobs go on after one has failed.
  public var keepsGoing = false
  /// Whether jobs that are done and unchanged are skipped.
  public var resumes = false
  /// Whether existing outputs are replaced, whoever made them.
  public var force = false
  /// The part of the batch that is run.
  public var shard: BatchShard?

  /// Settings for a folder, all others at their defaults.
  public init(folder: String) {
    self.folder = folder
  }
}

/// What happens in a batch, as it happens.
public enum BatchEvent: Sendable {
  /// A job has started.
  case started(BatchJob)
  /// A job has come to a stage.
  case stage(BatchJob, String)
  /// A job has ended or is skipped.
  case ended(BatchJob, JobOutcome)
}

/// Runs jobs in processes of their own, several at once: a fault in one leaves the others alone, and
/// its memory goes back when it ends.
public struct BatchRunner {
  private let jobs: [BatchJob]
  private let settings: BatchSettings
  private let program: String
  private let arguments: (BatchJob) -> [String]

  /// Prepares a batch.
  /// - Parameters:
  ///   - jobs: all jobs, also those of other shards.
  ///   - settings: how to go about them.
  ///   - program: the path of `ecconvert`.
  ///   - arguments: a job's options as arguments of `convert`.
  /// - Throws: `BatchError` if there are no jobs or two would write the same file.
  public init(
    _ jobs: [BatchJob], _ settings: BatchSettings, program: String,
    arguments: @escaping (BatchJob) -> [String]
  ) throws(BatchError) {
    guard !jobs.isEmpty else { throw BatchError(.noJobs) }
    var writers: [String: BatchJob] = [:]
    for job in jobs {
      if let other = writers[job.output] {
        throw BatchError(.sameOutput(job.output, inputs: [other.input, job.input]))
      }
      writers[job.output] = job
    }
    self.jobs = jobs
    self.settings = settings
    self.program = program
    self.arguments = arguments
  }

  /// The number of jobs of this part.
  public var jobCount: Int { own.count }

  /// The jobs of this part.
  private var own: [Int] {
    jobs.indices.filter { settings.shard?.contains($0) ?? true }
  }

  /// Runs the jobs.
  /// - Returns: an outcome for each job of this part, in order.
  /// - Throws: `BatchError` for faults that are no single job's.
  public func run(_ report: (BatchEvent) -> Void) throws(BatchError) -> BatchSummary {
    let folder = try BatchFolder(settings.folder, shard: settings.shard, jobs: jobs)
    if !settings.resumes && !settings.force { try checkOutputs() }
    var state = State(waiting: own)
    while !state.isFinished {
      while state.running.count < settings.parallelCount, let index = state.next() {
        try start(index, &state, folder, report)
      }
      if !state.running.isEmpty { listen(&state, folder, report) }
    }
    return summary(state.outcomes)
  }

  /// What is known of the jobs without running any.
  /// - Parameter hasOutputs: whether results are in the output folder; else the reports' word is
  ///   taken for them.
  public func standing(hasOutputs: Bool = true) -> BatchSummary {
    summary([:], hasOutputs: hasOutputs)
  }

  private func checkOutputs() throws(BatchError) {
    let existing = own.map { jobs[$0] }.filter {
      access(settings.folder + "/" + $0.output, F_OK) == 0
    }
    guard existing.isEmpty else {
      throw BatchError(.outputsExist(existing.map(\.output)), at: .file(settings.folder))
    }
  }

  private func summary(_ outcomes: [Int: JobOutcome], hasOutputs: Bool = true) -> BatchSummary {
    BatchSummary(
      folder: settings.folder,
      entries: own.map { index in
        let job = jobs[index]
        let outcome =
          outcomes[index]
          ?? JobOutcome(recorded: job, in: settings.folder, hasOutput: hasOutputs)
        return (job, outcome)
      })
  }

  // MARK: One job

  /// A job that runs.
  private final class Running {
    let index: Int
    var process: ChildProcess
    let key: JobKey?
    let started = ProcessMemory.now
    /// The last error that the process told.
    var failure: FormatObject?
    /// The last words that were no error of ours.
    var lastWords = ""

    init(_ index: Int, _ process: consuming ChildProcess, _ key: JobKey?) {
      self.index = index
      self.process = process
      self.key = key
    }
  }

  private struct State {
    var waiting: [Int]
    var running: [Running] = []
    var outcomes: [Int: JobOutcome] = [:]
    var isStopping = false
    private var taken = 0

    init(waiting: [Int]) { self.waiting = waiting }

    /// The next job; none while stopping.
    mutating func next() -> Int? {
      guard !isStopping, taken < waiting.count else { return nil }
      taken += 1
      return waiting[taken - 1]
    }

    var isFinished: Bool { running.isEmpty && (isStopping || taken == waiting.count) }
  }

  private func start(
    _ index: Int, _ state: inout State, _ folder: borrowing BatchFolder,
    _ report: (BatchEvent) -> Void
  ) throws(BatchError) {
    let job = jobs[index]
    let key = JobKey(job)
    var replaces = settings.force
    if settings.resumes, let done = JobRecord.finished(job, in: folder.path) {
      if let key, done["job"]?.string == key.description {
        folder.note("unchanged", job, ["key": .string(key.description)])
        let outcome = JobOutcome.unchanged(done)
        state.outcomes[index] = outcome
        return report(.ended(job, outcome))
      }
      // What a batch made it may replace.
      replaces = true
    }
    try folder.prepare(job)
    var words = ["convert", job.input, "--output=" + folder.output(job)]
    words += ["--report=" + folder.report(job), "--html=" + folder.page(job)]
    words += ["--job=" + (key?.description ?? "")]
    words += ["--threads=\(settings.threadCount)", "--log-format=json", "--verbose"]
    if replaces { words.append("--force") }
    let process = try ChildProcess(program, words + arguments(job))
    folder.note(
      "started", job, ["key": .string(key?.description ?? ""), "process": .int(Int(process.pid))])
    state.running.append(Running(index, process, key))
    report(.started(job))
  }

  /// Waits until a process says something or ends.
  private func listen(
    _ state: inout State, _ folder: borrowing BatchFolder, _ report: (BatchEvent) -> Void
  ) {
    var descriptors = state.running.map {
      pollfd(fd: $0.process.errors, events: Int16(POLLIN), revents: 0)
    }
    guard poll(&descriptors, nfds_t(descriptors.count), -1) > 0 else { return }
    var ended: [Int] = []
    for (place, descriptor) in descriptors.enumerated() where descriptor.revents != 0 {
      let running = state.running[place]
      if let lines = running.process.lines() {
        for line in lines { take(line, of: running, report) }
      } else {
        ended.append(place)
      }
    }
    for place in ended.reversed() {
      let running = state.running.remove(at: place)
      let outcome = finish(running, folder)
      state.outcomes[running.index] = outcome
      if outcome.isFailure && !settings.keepsGoing { state.isStopping = true }
      report(.ended(jobs[running.index], outcome))
    }
  }

  private func take(_ line: FormatObject, of running: Running, _ report: (BatchEvent) -> Void) {
    let message = line["message"]?.string ?? ""
    switch line["level"]?.string {
    case "error"? where running.failure == nil: running.failure = line
    case "progress"?: report(.stage(jobs[running.index], message))
    case "other"?: running.lastWords = message
    default: break
    }
  }

  private func finish(_ running: Running, _ folder: borrowing BatchFolder) -> JobOutcome {
    let job = jobs[running.index]
    let ending = running.process.end()
    let cost = JobCost(
      seconds: ProcessMemory.now - running.started, cpuSeconds: ending.cpuSeconds,
      peakByteCount: ending.peakByteCount)
    if ending.code == 0, let report = JobRecord.finished(job, key: running.key, in: folder.path) {
      JobRecord.removeFailure(job, in: folder.path)
      folder.note("done", job, ["key": .string(running.key?.description ?? "")])
      return .done(report, cost)
    }
    let failure = Self.failure(running, ending.code)
    JobRecord.write(failure, job, in: folder.path)
    folder.note(
      "failed", job,
      ["exitCode": .int(Int(failure.exitCode)), "message": .string(failure.message)])
    return .failed(failure, cost)
  }

  private static func failure(_ running: Running, _ code: Int32) -> JobFailure {
    if let line = running.failure {
      return JobFailure(
        exitCode: code, message: line["message"]?.string ?? "", place: line["place"]?.string ?? "",
        remedy: line["remedy"]?.string,
        details: line["details"]?.list?.compactMap(\.string) ?? [])
    }
    let words =
      code > 128
      ? "signal \(code - 128) ended the process"
      : code == 0 ? "its report isn't the result's" : "it ended with \(code) and no message"
    let last = running.lastWords.isEmpty ? "" : ": \(running.lastWords)"
    return JobFailure(exitCode: code > 128 || code == 0 ? 70 : code, message: words + last)
  }

}
