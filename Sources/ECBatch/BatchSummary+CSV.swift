import ECGraph

extension BatchSummary {
  /// The summary as CSV (RFC 4180), a row a job.
  var csv: String {
    let header = [
      "input", "output", "status", "exit_code", "seconds", "cpu_seconds", "peak_bytes",
      "parameters_before", "parameters_after", "macs_before", "macs_after", "bytes_before",
      "bytes_after", "max_relative_difference", "message",
    ]
    let rows = entries.map { Self.row($0.job, $0.outcome) }
    return ([header] + rows).map { $0.map(Self.field).joined(separator: ",") + "\r\n" }.joined()
  }

  private static func row(_ job: BatchJob, _ outcome: JobOutcome) -> [String] {
    var failure: JobFailure?
    if case .failed(let found, _) = outcome { failure = found }
    let report = outcome.report
    func size(_ key: String) -> [String] {
      ["input", "output"].map { report?[$0]?.object?[key]?.int.map(String.init) ?? "" }
    }
    let difference = report?["verification"]?.object?["maxRelativeDifference"]?.double
    let cost = outcome.cost
    let code = failure?.exitCode ?? (report == nil ? nil : 0)
    return [job.input, job.output, outcome.word, code.map { "\($0)" } ?? ""]
      + [cost.map { "\(($0.seconds * 1e3).rounded() / 1e3)" } ?? ""]
      + [cost.map { "\(($0.cpuSeconds * 1e3).rounded() / 1e3)" } ?? ""]
      + [cost.map { "\($0.peakByteCount)" } ?? ""]
      + size("parameters") + size("macs") + size("bytes")
      + [difference.map { "\($0)" } ?? "", failure.map(\.sentence) ?? ""]
  }

  private static func field(_ text: String) -> String {
    guard text.contains(where: { "\",\r\n".contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}

extension JobFailure {
  /// Place and message in one sentence.
  public var sentence: String { place.isEmpty ? message : "\(place): \(message)" }
}
