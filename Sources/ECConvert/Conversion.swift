/// The stages of a conversion, in order.
public struct Conversion: Sendable {
  /// What decides the result.
  public let options: ConversionOptions

  /// Prepares a conversion; nothing is read yet.
  public init(_ options: ConversionOptions) {
    self.options = options
  }

  /// Runs all stages.
  /// - Throws: `ConversionError` with the stage that failed.
  public func run(progress: @Sendable (String, Double?) -> Void) throws(ConversionError)
    -> ConversionReport
  {
    do {
      progress("importing \(options.input)", nil)
      _ = try ModelFormat.detect(options.input)
    } catch {
      throw ConversionError(stage: "import", error)
    }
    return ConversionReport()
  }
}

/// What a conversion did.
public struct ConversionReport: Sendable {
  /// What happened, for people.
  public var summary: [String] = []
  /// What a person should know besides.
  public var warnings: [String] = []

  /// The report as JSON.
  public func json() -> String { "{}" }
}
