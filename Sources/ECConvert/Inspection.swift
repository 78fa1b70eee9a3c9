/// What a model is made of, and what of it can be pruned.
public struct Inspection: Sendable {
  /// The findings, for people.
  public let lines: [String]
  /// What a person should know besides.
  public let warnings: [String]

  /// Reads a model.
  /// - Throws: `ConversionError` if it can't be read.
  public init(path: String) throws(ConversionError) {
    do {
      _ = try ModelFormat.detect(path)
    } catch {
      throw ConversionError(stage: "import", error)
    }
    lines = []
    warnings = []
  }

  /// The findings as JSON.
  public func json() -> String { "{}" }
}
