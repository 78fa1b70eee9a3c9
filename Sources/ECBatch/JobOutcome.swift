public import ECGraph

/// What a job took.
public struct JobCost: Sendable {
  /// From its start to its end.
  public let seconds: Double
  /// The processor time of its process.
  public let cpuSeconds: Double
  /// The largest resident size of its process.
  public let peakByteCount: Int
}

/// How a job ended.
public enum JobOutcome: Sendable {
  /// Its result was made now; with its report.
  case done(FormatObject, JobCost)
  /// Its result was there already; with its report.
  case unchanged(FormatObject)
  /// It failed; without a cost when that is known from an earlier run.
  case failed(JobFailure, JobCost?)
  /// It wasn't run.
  case left

  /// What the output folder says of a job that wasn't run.
  init(recorded job: BatchJob, in folder: String, hasOutput: Bool) {
    if let report = JobRecord.finished(job, in: folder, hasOutput: hasOutput) {
      self = .unchanged(report)
    } else if let failure = JobRecord.failure(job, in: folder) {
      self = .failed(failure, nil)
    } else {
      self = .left
    }
  }

  /// Whether it failed.
  public var isFailure: Bool { if case .failed = self { true } else { false } }

  /// The word for it in summaries.
  public var word: String {
    switch self {
    case .done: "done"
    case .unchanged: "unchanged"
    case .failed: "failed"
    case .left: "left"
    }
  }

  /// The report of the result, where there is one.
  public var report: FormatObject? {
    switch self {
    case .done(let report, _), .unchanged(let report): report
    case .failed, .left: nil
    }
  }

  /// What it took in this run.
  public var cost: JobCost? {
    switch self {
    case .done(_, let cost): cost
    case .failed(_, let cost): cost
    case .unchanged, .left: nil
    }
  }
}
