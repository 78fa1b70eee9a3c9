import ECDiagnostics
import ECExecution
import ECGraph

/// Running results beside what they must equal.
extension ConversionRun {
  /// Runs the result, as its file says it where that can be read back, beside the source, or beside
  /// the network that was fine-tuned.
  mutating func verify(
    _ result: Graph, _ source: SourceModel, _ pruned: PruningStage.Result?,
    _ report: inout ConversionReport
  ) throws {
    begin("verification", "verifying")
    defer { end() }
    guard let fineTuned else {
      report.verification = try verify(result, against: source, pruned, inputLayouts)
      return
    }
    let found = try verify(
      result, against: fineTuned.graph, named: "trained model", inputLayouts)
    report.verification = earlierVerification ?? found
    if let found { self.fineTuned?.report["verification"] = .object(found) }
  }

  /// Runs a slim graph beside its source.
  mutating func verify(
    _ result: Graph, against source: SourceModel, _ pruned: PruningStage.Result?,
    _ layouts: InputLayouts
  ) throws -> FormatObject? {
    let masks = pruned?.masks() ?? []
    var reference = pruned?.reference ?? source.graph
    if !masks.isEmpty { reference = try reference.masked(masks) }
    return try verify(
      result, against: reference, named: masks.isEmpty ? "source" : "masked source", layouts)
  }

  private mutating func verify(
    _ result: Graph, against reference: Graph, named name: String, _ layouts: InputLayouts
  ) throws -> FormatObject? {
    guard let parts = try RunnableParts(reference, result, withLogits: true) else {
      warnings.append("not verified: nothing can be run beside nodes that are carried as they are")
      return nil
    }
    if !parts.carriedNodes.isEmpty { warnings.append(Verification.limits(parts)) }
    let verification = Verification(
      reference: parts.reference, result: parts.result, logitCount: parts.logitCount,
      inputLayouts: layouts)
    let outcome: Verification.Outcome
    do {
      outcome = try verification.run(options, threads: threads)
    } catch let error as ExecutionError {
      switch error.reason {
      case .openExtent, .memory:
        warnings.append(
          "not verified: " + [error.what, error.remedy].compactMap { $0 }.joined(separator: "; "))
        return nil
      default: throw error
      }
    }
    if let failure = outcome.failure {
      if !options.force { throw failure }
      warnings.append("verification failed, written because of --force: \(failure.what)")
    }
    return outcome.report(name)
  }
}
