public import ECDiagnostics

/// One rewrite of a graph.
public protocol Pass: Sendable {
  /// The name in kebab-case.
  var name: String { get }
  /// One sentence on what it does.
  var summary: String { get }
  /// Rewrites the graph; leaves it sound.
  func run(on graph: inout Graph) throws(PassError) -> PassReport
}

/// What a pass did.
public struct PassReport: Sendable, Equatable {
  /// The number of places that were rewritten.
  public var changes: Int
  /// Remarks worth showing to a person.
  public var notes: [String]

  /// Makes a report.
  public init(changes: Int = 0, notes: [String] = []) {
    self.changes = changes
    self.notes = notes
  }
}

/// A failure within a pass, with the passes that ran before it.
public struct PassError: DiagnosticError {
  /// The pass that failed.
  public let pass: String
  /// The passes that ran before, in order.
  public let earlier: [String]
  /// What went wrong.
  public let underlying: any DiagnosticError

  /// Wraps a failure.
  public init(pass: String, earlier: [String] = [], underlying: any DiagnosticError) {
    self.pass = pass
    self.earlier = earlier
    self.underlying = underlying
  }

  public var what: String { underlying.what }
  public var place: Place { underlying.place }
  public var remedy: String? { underlying.remedy }
  public var category: FaultCategory { underlying.category }
  public var details: [String] {
    ["in pass '\(pass)'" + (earlier.isEmpty ? "" : ", after \(earlier.joined(separator: ", "))")]
  }
}

/// Passes in order.
public struct Pipeline: Sendable {
  /// The passes.
  public let passes: [any Pass]

  /// Makes a pipeline.
  public init(_ passes: [any Pass]) {
    self.passes = passes
  }

  /// Runs all passes, checking the graph after each if asked.
  /// - Returns: what each did, in order.
  @discardableResult
  public func run(on graph: inout Graph, verifying: Bool = false) throws(PassError)
    -> [(pass: String, report: PassReport)]
  {
    var reports: [(pass: String, report: PassReport)] = []
    for pass in passes {
      let earlier = reports.map(\.pass)
      do {
        reports.append((pass.name, try pass.run(on: &graph)))
      } catch {
        throw PassError(pass: pass.name, earlier: earlier, underlying: error.underlying)
      }
      if verifying {
        do throws(GraphError) {
          try graph.verify()
        } catch {
          throw PassError(pass: pass.name, earlier: earlier, underlying: error)
        }
      }
    }
    return reports
  }
}
