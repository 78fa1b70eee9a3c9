import ECDiagnostics
import ECGraph
import ECPruning

/// What removing channels of each group of a model alone does to its outputs.
public struct SensitivityAnalysis: Sendable {
  private let text: String
  private let sensitivities: Sensitivities
  private let ratios: [Double]
  private let accuracy: Double?
  private let samples: Int
  private let source: String
  /// Remarks that a person should see.
  public let warnings: [String]

  /// Measures, going on where the file that the options name was left; the file is written after
  /// each group.
  /// - Throws: `ConversionError` if the model can't be read or run, or the file is of another one.
  public init(
    _ options: ConversionOptions, progress: @escaping @Sendable (String, Double?) -> Void
  ) throws(ConversionError) {
    var stage = "import"
    do {
      var notes: [String] = []
      progress("reading \(options.input)", nil)
      let model = try SourceModel.read(options.input, architecture: options.architecture)
      notes += model.notes
      stage = "sensitivity"
      progress("ranking channels", nil)
      let pruning = PruningStage(options: options, threads: WorkerThreads.count(options.threads))
      let prepared = try pruning.prepare(model, warnings: &notes)
      let file = try SensitivityStage(
        stage: pruning, prepared: prepared, source: model,
        meter: try AccuracyMeter(options, model, threads: pruning.threads), progress: progress
      ).run(anyOptions: false, warnings: &notes)
      (text, sensitivities, accuracy) = (file.json, file.sensitivities, file.header.accuracy)
      ratios = file.header.facts["ratios"]?.doubles ?? []
      let facts = file.header.facts["calibration"]?.object ?? [:]
      samples = facts["samples"]?.int ?? 0
      source = facts["source"]?.string ?? ""
      warnings = notes
    } catch let error as ConversionError {
      throw error
    } catch let error as any DiagnosticError {
      throw ConversionError(stage: stage, error)
    } catch {
      throw ConversionError(stage: stage, UnexpectedError(underlying: "\(error)"))
    }
  }

  /// The measurements as JSON (`schemas/sensitivity.schema.json`).
  public func json() -> String { text }

  /// A table for people, in 80 columns.
  public var lines: [String] {
    var heads = ["channels"] + ratios.map { "-\(Self.percent($0))" }
    if accuracy != nil { heads += ratios.map { "acc -\(Self.percent($0))" } }
    heads.append("MACs")
    let cells = sensitivities.groups.map { group -> [String] in
      let points = ratios.map { ratio in group.points.first { $0.ratio == ratio } }
      var row = ["\(group.channels)"] + points.map { $0.map { Self.share($0.change) } ?? "" }
      if let accuracy {
        row += points.map { $0?.accuracy.map { Self.points($0 - accuracy) } ?? "" }
      }
      let saved = group.points.last.map {
        Double(sensitivities.macs - $0.macs) / Double(max(sensitivities.macs, 1))
      }
      return row + [saved.map { "-" + Self.share($0) } ?? ""]
    }
    let rows = [heads] + cells
    let widths = heads.indices.map { k in (rows.map { $0[k].count }.max() ?? 0) + 2 }
    let names = max(12, 80 - widths.reduce(0, +))
    let titles = ["layers"] + sensitivities.groups.map(Self.name)
    let table = zip(titles, rows).map { title, row in
      let name = Inspection.fit(title, names)
      return zip(row, widths).reduce(
        name + String(repeating: " ", count: names - name.count)
      ) { $0 + String(repeating: " ", count: $1.1 - $1.0.count) + $1.0 }
    }
    return table + ["", explanation] + extremes
  }

  private var explanation: String {
    var words =
      "change of the scores with so much of a group removed, on \(samples) \(source) samples"
    if let accuracy {
      words += ";\naccuracy in points against \(Quantity.percent(accuracy)) of the whole model"
    }
    return words
  }

  /// The groups that stand out.
  private var extremes: [String] {
    let ranked = sensitivities.groups.filter { !$0.points.isEmpty }
      .sorted { ($0.points.last?.change ?? 0) > ($1.points.last?.change ?? 0) }
    guard ranked.count > 3 else { return [] }
    func names(_ groups: some Sequence<Sensitivities.Group>) -> String {
      groups.map { Inspection.fit($0.layers.first ?? "", 20) }.joined(separator: ", ")
    }
    return [
      "most sensitive:  \(names(ranked.prefix(3)))",
      "least sensitive: \(names(ranked.suffix(3).reversed()))",
    ]
  }

  private static func name(_ group: Sensitivities.Group) -> String {
    let more = group.layers.count - 1
    return (group.layers.first ?? "") + (more > 0 ? " +\(more)" : "")
  }

  private static func percent(_ ratio: Double) -> String { "\(Int((ratio * 100).rounded()))%" }

  /// A share in percent with three digits at most.
  private static func share(_ value: Double) -> String {
    let percent = value * 100
    if percent >= 1000 { return ">999%" }
    let scale = percent < 10 ? 100.0 : 10.0
    return "\((percent * scale).rounded() / scale)%"
  }

  private static func points(_ difference: Double) -> String {
    let points = (difference * 1000).rounded() / 10
    return points > 0 ? "+\(points)" : "\(points == 0 ? 0 : points)"
  }
}
