public import ECGraph
public import ECHash

/// What a conversion did, as `--report` writes it (`schemas/report.schema.json`).
public struct ConversionReport: Sendable {
  /// One end of the conversion.
  public struct Model: Sendable {
    /// The path as given.
    public var path: String
    /// The format's name, such as `keras-hdf5`.
    public var format: String
    /// The size of the file or files.
    public var byteCount: Int
    /// The elements of all weights.
    public var parameterCount: Int
    /// Multiply-accumulates for one sample.
    public var macCount: Int
    /// The program that made it, as far as it says so.
    public var producer: String?
    /// The digest of the file, where a report is written.
    public var contentHash: ContentHash?
  }

  /// The schema's version.
  public static let schemaVersion = 1

  /// The source.
  public var input: Model
  /// The result; `path` is empty after a dry run.
  public var output: Model
  /// The options as given, by their long names.
  public var options: FormatObject?
  /// The key of the job of a batch that this is.
  public var job: String?
  /// What pruning did, in the report's own words, or `nil` if nothing was pruned.
  public var pruning: FormatObject?
  /// What fine-tuning did, or `nil` if nothing was learnt.
  public var fineTune: FormatObject?
  /// What the verification found, or `nil` if none was made.
  public var verification: FormatObject?
  /// Each layer that computes, before and after.
  public var layers: [FormatObject] = []
  /// The stages with the seconds they took, in order.
  public var stages: [(name: String, seconds: Double)] = []
  /// Remarks that a person should see.
  public var warnings: [String] = []
  /// Lines that sum everything up for a person.
  public var summary: [String] = []

  /// The report as JSON text.
  public func json() -> String { FormatValue.object(object).json(indent: 1) + "\n" }

  /// The report as JSON has it.
  public var object: FormatObject {
    func model(_ model: Model) -> FormatValue {
      var object: FormatObject = [
        "path": .string(model.path), "format": .string(model.format),
        "bytes": .int(model.byteCount), "parameters": .int(model.parameterCount),
        "macs": .int(model.macCount),
      ]
      if let producer = model.producer { object["producer"] = .string(producer) }
      if let hash = model.contentHash { object["contentHash"] = .string("\(hash)") }
      return .object(object)
    }
    var object: FormatObject = [
      "schemaVersion": .int(ConversionReport.schemaVersion),
      "tool": .object(["name": .string("ecconvert"), "version": .string(ECConvertVersion.current)]),
      "input": model(input), "output": model(output),
    ]
    if let options { object["options"] = .object(options) }
    if let job { object["job"] = .string(job) }
    if let pruning { object["pruning"] = .object(pruning) }
    if let fineTune { object["finetune"] = .object(fineTune) }
    if !layers.isEmpty { object["layers"] = .list(layers.map { .object($0) }) }
    if let verification { object["verification"] = .object(verification) }
    object["stages"] = .list(
      stages.map {
        .object([
          "name": .string($0.name), "seconds": .float(($0.seconds * 1e4).rounded() / 1e4),
        ])
      })
    object["peakResidentBytes"] = .int(ProcessMemory.peakByteCount)
    object["warnings"] = .list(warnings.map { .string($0) })
    return object
  }
}
