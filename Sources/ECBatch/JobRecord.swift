import ECConvert
import ECGraph
import ECHash
import FoundationEssentials
import Glibc

/// What the output folder knows of a job.
enum JobRecord {
  /// Where a job's report is.
  static func reportPath(_ job: BatchJob, in folder: String) -> String {
    folder + "/reports/" + job.output + ".json"
  }

  /// Where it is written why a job failed.
  static func failurePath(_ job: BatchJob, in folder: String) -> String {
    folder + "/reports/" + job.output + ".failure.json"
  }

  /// The report of a job whose result is there and whole.
  /// - Parameters:
  ///   - key: the key that the report must name; `nil` takes any.
  ///   - hasOutput: whether the result is in the folder and must have the digest of the report.
  static func finished(
    _ job: BatchJob, key: JobKey? = nil, in folder: String, hasOutput: Bool = true
  ) -> FormatObject? {
    guard let report = object(reportPath(job, in: folder)), let made = report["job"]?.string,
      key.map({ $0.description == made }) ?? true,
      let digest = report["output"]?.object?["contentHash"]?.string
    else { return nil }
    guard hasOutput else { return report }
    guard let hash = ContentHash(contentsOf: folder + "/" + job.output), hash.description == digest
    else { return nil }
    return report
  }

  /// Why a job failed, if it did when it was run last.
  static func failure(_ job: BatchJob, in folder: String) -> JobFailure? {
    object(failurePath(job, in: folder)).flatMap(JobFailure.init)
  }

  /// Keeps why a job failed.
  static func write(_ failure: JobFailure, _ job: BatchJob, in folder: String) {
    let text = FormatValue.object(failure.object).json(indent: 1) + "\n"
    try? OutputFile.write(text, to: failurePath(job, in: folder))
  }

  /// Forgets a failure.
  static func removeFailure(_ job: BatchJob, in folder: String) {
    unlink(failurePath(job, in: folder))
  }

  private static func object(_ path: String) -> FormatObject? {
    guard let data = try? Data(contentsOf: URL(filePath: path)) else { return nil }
    return (try? FormatValue(json: [UInt8](data)))?.object
  }
}

/// Why a job failed, in the words of its own process.
public struct JobFailure: Sendable, Equatable {
  /// The exit code; 70 also where a signal ended the process.
  public let exitCode: Int32
  /// What was wrong.
  public let message: String
  /// Where, as a trail from the file inwards.
  public let place: String
  /// What to do about it, where that is known.
  public let remedy: String?
  /// Further findings.
  public let details: [String]

  init(
    exitCode: Int32, message: String, place: String = "", remedy: String? = nil,
    details: [String] = []
  ) {
    self.exitCode = exitCode
    self.message = message
    self.place = place
    self.remedy = remedy
    self.details = details
  }

  /// A failure as it was written.
  init?(_ object: FormatObject) {
    guard let code = object["exitCode"]?.int, let message = object["message"]?.string else {
      return nil
    }
    self.init(
      exitCode: Int32(truncatingIfNeeded: code), message: message,
      place: object["place"]?.string ?? "", remedy: object["remedy"]?.string,
      details: object["details"]?.list?.compactMap(\.string) ?? [])
  }

  /// The failure as JSON has it.
  var object: FormatObject {
    var object: FormatObject = [
      "exitCode": .int(Int(exitCode)), "message": .string(message), "place": .string(place),
    ]
    if let remedy { object["remedy"] = .string(remedy) }
    if !details.isEmpty { object["details"] = .list(details.map { .string($0) }) }
    return object
  }
}
