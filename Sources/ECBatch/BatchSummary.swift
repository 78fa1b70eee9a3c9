import ECConvert
import ECGraph

/// What became of a batch (`schemas/batch-summary.schema.json`).
public struct BatchSummary: Sendable {
  /// The output folder.
  public let folder: String
  /// Each job with how it ended, in order.
  public let entries: [(job: BatchJob, outcome: JobOutcome)]

  /// The number of jobs that ended in a way.
  public func count(_ word: String) -> Int {
    entries.count { $0.outcome.word == word }
  }

  /// Whether every job has its result.
  public var isComplete: Bool { count("done") + count("unchanged") == entries.count }

  /// Writes `summary.json`, `summary.csv` and `index.html` into the output folder.
  /// - Throws: `BatchError.cannotWrite`.
  public func write() throws(BatchError) {
    for (name, text) in [("summary.json", json), ("summary.csv", csv), ("index.html", html)] {
      do {
        try OutputFile.write(text, to: folder + "/" + name)
      } catch {
        throw BatchError(.cannotWrite(message: error.what), at: .file(folder + "/" + name))
      }
    }
  }

  /// The summary as JSON (`schemas/batch-summary.schema.json`).
  public var json: String {
    let words = ["done", "unchanged", "failed", "left"]
    let object: FormatObject = [
      "schemaVersion": .int(1),
      "tool": .object(["name": .string("ecconvert"), "version": .string(ECConvertVersion.current)]),
      "counts": .object(
        FormatObject(uniqueKeysWithValues: words.map { ($0, .int(count($0))) })),
      "jobs": .list(entries.map { .object(Self.object($0.job, $0.outcome)) }),
    ]
    return FormatValue.object(object).json(indent: 1) + "\n"
  }

  private static func object(_ job: BatchJob, _ outcome: JobOutcome) -> FormatObject {
    var object: FormatObject = [
      "input": .string(job.input), "output": .string(job.output), "status": .string(outcome.word),
    ]
    if !job.options.isEmpty { object["options"] = .object(job.options) }
    if let report = outcome.report {
      object["key"] = report["job"]
      object["report"] = .string("reports/\(job.output).json")
      let sizes: Set = ["bytes", "parameters", "macs", "contentHash"]
      for (name, key) in [("before", "input"), ("after", "output")] {
        guard let model = report[key]?.object else { continue }
        object[name] = .object(model.filter { sizes.contains($0.key) })
      }
      object["verification"] = report["verification"]
      object["warnings"] = report["warnings"]
    }
    if case .failed(let failure, _) = outcome { object["failure"] = .object(failure.object) }
    if let cost = outcome.cost {
      object["seconds"] = .float((cost.seconds * 1e3).rounded() / 1e3)
      object["cpuSeconds"] = .float((cost.cpuSeconds * 1e3).rounded() / 1e3)
      object["peakResidentBytes"] = .int(cost.peakByteCount)
    }
    return object
  }
}
