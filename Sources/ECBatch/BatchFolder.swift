import ECConvert
import ECGraph
import ECHash
import Glibc

/// The output folder of a batch: results, reports beside them, the log, and the lock.
///
/// ```
/// OUT/a.onnx                   results
/// OUT/reports/a.onnx.json      what was done; names the job's key and the result's digest
/// OUT/reports/a.onnx.html      the same for people
/// OUT/reports/a.onnx.failure.json
/// OUT/summary.json, .csv, index.html
/// OUT/.ecconvert/log.jsonl     what started and ended, and when
/// ```
/// A job is done where its report has the job's key and the result has the digest that the report
/// names. The report is written before the result gets its name, so that nothing else is needed to
/// go on after any interruption.
struct BatchFolder: ~Copyable {
  let path: String
  private let lock: Int32
  private let log: Int32

  /// Makes the folder where it is missing, and locks it against other batches.
  /// - Parameters:
  ///   - path: the folder.
  ///   - shard: the part of the batch; different parts may work at once.
  ///   - jobs: all jobs of the batch. A part of one is the task of some larger system, whose other tasks
  ///     work in the same folder: only those with the same jobs are kept out.
  /// - Throws: `BatchError`, also if another batch is at work there and doesn't end within seconds.
  init(_ path: String, shard: BatchShard?, jobs: [BatchJob]) throws(BatchError) {
    let hidden = path + "/.ecconvert"
    try FolderListing.make(path + "/reports")
    try FolderListing.make(hidden)
    let label = shard.map { shard in
      guard shard.count == 1 else { return "-" + shard.label }
      return "-\(ContentHash(of: jobs.map(\.output).joined(separator: "\n")))"
    }
    let lock = try Self.lock(hidden + "/lock" + (label ?? ""), of: path)
    let log = open(hidden + "/log.jsonl", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard log >= 0 else {
      let failure = Self.failure(at: path)
      close(lock)
      throw failure
    }
    self.path = path
    self.lock = lock
    self.log = log
  }

  /// Takes the lock. The processes of jobs inherit it: what a killed batch left running holds it as
  /// well.
  private static func lock(_ name: String, of path: String) throws(BatchError) -> Int32 {
    let lock = open(name, O_RDWR | O_CREAT, 0o666)
    guard lock >= 0 else { throw failure(at: path) }
    for _ in 0..<50 {
      if flock(lock, LOCK_EX | LOCK_NB) == 0 { return lock }
      usleep(100_000)
    }
    close(lock)
    throw BatchError(.locked, at: .file(path))
  }

  deinit {
    close(log)
    close(lock)
  }

  private static func failure(at path: String) -> BatchError {
    BatchError(
      .cannotWrite(message: String(cString: strerror(errno)).lowercased()), at: .file(path))
  }

  /// Adds a line to the log.
  func note(_ event: String, _ job: BatchJob, _ members: FormatObject = [:]) {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    var line: FormatObject = [
      "time": .float(Double(time.tv_sec) + (Double(time.tv_nsec) / 1e6).rounded() / 1e3),
      "pid": .int(Int(getpid())), "event": .string(event), "output": .string(job.output),
    ]
    line.merge(members) { $1 }
    let bytes = Array((FormatValue.object(line).json() + "\n").utf8)
    // One write to a file open for appending is one piece, whoever else writes.
    _ = bytes.withUnsafeBytes { write(log, $0.baseAddress, $0.count) }
  }

  /// Where a job's result goes.
  func output(_ job: BatchJob) -> String { path + "/" + job.output }

  /// Where a job's report goes.
  func report(_ job: BatchJob) -> String { JobRecord.reportPath(job, in: path) }

  /// Where a job's page for people goes.
  func page(_ job: BatchJob) -> String { path + "/reports/" + job.output + ".html" }

  /// Makes the folders that a job's files need.
  func prepare(_ job: BatchJob) throws(BatchError) {
    for path in [output(job), report(job)] {
      try FolderListing.make(OutputFile.folder(of: path))
    }
  }
}
