import ECDiagnostics
import ECExecution
import ECGraph
import ECHash
import ECONNX
import ECPasses
import ECReport
import Glibc

/// The stages of a conversion, in order: import, prune, rewrite, export, verify.
public struct Conversion: Sendable {
  /// What decides the result.
  public let options: ConversionOptions

  /// Prepares a conversion; nothing is read yet.
  public init(_ options: ConversionOptions) {
    self.options = options
  }

  /// Runs all stages; the output gets its name last.
  /// - Parameters:
  ///   - note: takes what is to be said before the end.
  ///   - progress: takes what goes on, and how much of it is done.
  /// - Throws: `ConversionError` with the stage that failed; then there is no output, or the old one.
  public func run(
    note: @escaping @Sendable (String) -> Void = { _ in },
    progress: @escaping @Sendable (String, Double?) -> Void
  ) throws(ConversionError) -> ConversionReport {
    var run = ConversionRun(options: options, progress: progress, note: note)
    do {
      return try run.all()
    } catch let error as ConversionError {
      throw error
    } catch let error as any DiagnosticError {
      throw ConversionError(stage: run.stage, error)
    } catch {
      throw ConversionError(stage: run.stage, UnexpectedError(underlying: "\(error)"))
    }
  }
}

/// An error that no stage should let through.
struct UnexpectedError: DiagnosticError {
  let underlying: String
  var what: String { "an unexpected fault: \(underlying)" }
  var place: Place { Place() }
  var remedy: String? { nil }
  var category: FaultCategory { .internal }
}

/// The state of one conversion.
struct ConversionRun {
  let options: ConversionOptions
  let progress: @Sendable (String, Double?) -> Void
  let note: @Sendable (String) -> Void
  /// The stage under way.
  var stage = "options"
  private var started = ProcessMemory.now
  private var stages: [(name: String, seconds: Double)] = []
  var warnings: [String] = []
  /// How the result takes its inputs, compared with the source.
  var inputLayouts = InputLayouts.unchanged
  /// What fine-tuning gave.
  var fineTuned: FineTuneStage.Result?
  /// What a verification before fine-tuning found.
  var earlierVerification: FormatObject?

  init(
    options: ConversionOptions, progress: @escaping @Sendable (String, Double?) -> Void,
    note: @escaping @Sendable (String) -> Void
  ) {
    (self.options, self.progress, self.note) = (options, progress, note)
  }

  /// The worker threads.
  var threads: Int {
    WorkerThreads.count(options.threads)
  }

  mutating func begin(_ name: String, _ sentence: String) {
    stage = name
    started = ProcessMemory.now
    progress(sentence, nil)
  }

  mutating func end() {
    stages.append((stage, ProcessMemory.now - started))
  }

  mutating func all() throws -> ConversionReport {
    if options.output == nil && !options.dryRun {
      throw ConversionFault(.options("no output is given"), at: .option("--output"))
    }
    let format = try options.output.map { try ModelFormat.output($0) } ?? .onnx
    if format.isKeras { try refuseONNXOptions() }
    if options.output == "-" && options.externalData == .always {
      throw ConversionFault(
        .options("standard output takes one file: name an output, or leave it out"),
        at: .option("--external-data"))
    }
    if let path = options.output, path != "-", !options.dryRun {
      try OutputFile.check(path, force: options.force)
    }

    begin("import", "reading \(options.input)")
    var source = try SourceModel.read(
      options.input, architecture: options.architecture, edge: EdgeOptions(options))
    warnings += source.notes
    if options.batch != nil && options.verifySamples > 0 { try checkBatch(of: source) }
    if let wanted = options.inputLayout {
      inputLayouts = try InputLayouts(
        source.graph, wanted: wanted, known: source.format == .onnx ? nil : source.layout)
    }
    end()

    var slim = source.graph
    var pruned: PruningStage.Result?
    if options.prunes {
      begin("prune", "pruning")
      let staysKeras = format.isKeras && source.keras != nil
      var options = options
      if let images = options.fineTune?.data, options.calibration == nil {
        options.calibration = .path(images)
      }
      let resultLayout = format.isKeras ? ImageLayout.channelsLast : .channelsFirst
      let result = try PruningStage(
        options: options, threads: threads, keepsLayers: staysKeras,
        resultLayout: staysKeras ? nil : resultLayout, measures: measures(source, format)
      ).run(source, warnings: &warnings)
      slim = result.graph
      pruned = result
      end()
    }

    if let wanted = options.fineTune {
      slim = try fineTune(slim, wanted, source, pruned, isKeras: format.isKeras)
      if fineTuned?.keepsLayers == false { source.keras = nil }
    }

    if format.isKeras { return try exportKeras(slim, source, pruned, format) }

    begin("rewrite", "rewriting")
    try rewrite(&slim, source)
    end()

    return try export(slim, source, pruned)
  }

  /// Brings a graph into the form in which ONNX says it.
  mutating func rewrite(_ graph: inout Graph, _ source: SourceModel) throws {
    try pipeline(source).run(on: &graph, verifying: options.verifySamples > 0)
    switch options.precision {
    case .fp16: try reducePrecision(of: &graph)
    case .fp32: try Pipelines.singlePrecision.run(on: &graph, verifying: options.verifySamples > 0)
    case nil: break
    }
  }

  private func pipeline(_ source: SourceModel) -> Pipeline {
    source.layout == .channelsLast && source.format != .onnx
      ? Pipelines.keras(toONNX: inputLayouts) : Pipelines.onnxToONNX(inputLayouts)
  }

  /// Compares the source with itself at its own batch, where that was fixed and is changed.
  private func checkBatch(of source: SourceModel) throws {
    let original = try SourceModel.read(options.input, architecture: options.architecture)
    guard let built = BatchCheck.batch(of: original.graph),
      built != BatchCheck.batch(of: source.graph)
    else { return }
    try BatchCheck(source: original.graph, changed: source.graph).run(options, threads: threads)
  }

  /// Half precision where the numbers on random samples allow it.
  private mutating func reducePrecision(of slim: inout Graph) throws {
    var magnitudes: [ValueID: Float] = [:]
    do {
      var random = RandomInputs(seed: options.seed ^ 0xF16)
      let shapes = try Evaluator.inputShapes(of: slim, batch: 2)
      let inputs = shapes.map { random.tensor(shape: $0, in: slim.inputRange) }
      magnitudes = try slim.largestMagnitudes(on: inputs, threads: threads)
    } catch let error as ExecutionError {
      guard case .openExtent = error.reason else { throw error }
      warnings.append(
        "the range of activations isn't known: \(error.what); \(error.remedy ?? "")")
    }
    let reduction = ReducePrecision(
      magnitudes: magnitudes, unknown: slim.valuesBehindCarriedNodes)
    let reports = try Pipeline([reduction]).run(
      on: &slim, verifying: options.verifySamples > 0)
    warnings += reports.flatMap(\.report.notes)
  }

  // MARK: Export

  /// The writer of an ONNX file that carries on what the source's says.
  func exporter(_ source: SourceModel) -> ONNXExporter {
    var exportOptions = ONNXExportOptions()
    exportOptions.producerVersion = ECConvertVersion.current
    if let opset = options.opset ?? source.opset { exportOptions.opset = opset }
    exportOptions.domains = source.domains
    exportOptions.functions = source.functions
    exportOptions.documentation = source.documentation
    exportOptions.externalData =
      ONNXExportOptions.ExternalData(rawValue: options.externalData.rawValue) ?? .auto
    return ONNXExporter(options: exportOptions)
  }

  private mutating func export(
    _ slim: Graph, _ source: SourceModel, _ pruned: PruningStage.Result?
  ) throws -> ConversionReport {
    let exporter = exporter(source)
    var report = ConversionReport(
      input: model(options.input, source.format.rawValue, source.graph),
      output: model(options.output ?? "", ModelFormat.onnx.rawValue, slim))
    report.input.byteCount = source.byteCount(at: options.input)
    report.input.producer = source.producer
    report.pruning = pruned?.report(final: slim)
    report.layers = LayerRows.changes(
      from: source.graph, to: slim, order: imageOrder(source, .channelsFirst))

    if options.dryRun {
      begin("export", "measuring")
      let size = try exporter.byteCount(of: slim, dataName: expectedDataName)
      report.output.byteCount = size.model + size.data
      end()
      try finish(&report, pruned)
    } else if options.output == "-" {
      if options.verifySamples > 0 { try verify(slim, source, pruned, &report) }
      begin("export", "writing to standard output")
      try exporter.write(slim, toDescriptor: STDOUT_FILENO)
      let size = try exporter.byteCount(of: slim)
      report.output.byteCount = size.model + size.data
      end()
      try finish(&report, pruned)
    } else if let path = options.output {
      try write(slim, to: path, exporter, source, pruned, &report)
    }
    return report
  }

  /// Completes the report, and writes what is wanted beside the model.
  /// - Parameter written: the result's file under its temporary name.
  mutating func finish(
    _ report: inout ConversionReport, _ pruned: PruningStage.Result?, written: String? = nil
  ) throws(ConversionFault) {
    if options.report != nil || options.html != nil {
      report.input.contentHash = ContentHash(contentsOf: options.input)
      report.output.contentHash = written.flatMap { ContentHash(contentsOf: $0) }
    }
    report.options = options.given
    report.job = options.job
    report.stages = stages
    report.fineTune = fineTuned?.report
    report.warnings = warnings
    report.summary = Summary.lines(report) + (fineTuned?.summary ?? [])
    if let path = options.savePlan, let plan = pruned?.planText {
      try OutputFile.write(plan, to: path)
    }
    if let path = options.report { try OutputFile.write(report.json(), to: path) }
    if let path = options.html { try OutputFile.write(ReportPage(report.object).html, to: path) }
  }

  private mutating func write(
    _ slim: Graph, to path: String, _ exporter: ONNXExporter, _ source: SourceModel,
    _ pruned: PruningStage.Result?, _ report: inout ConversionReport
  ) throws {
    begin("export", "writing \(path)")
    var file = try outputFile(path, source)
    var companions =
      try exporter.byteCount(of: slim).data > 0 ? [dataName(beside: file.path, source)] : []
    let dataPaths = try companions.map { (name) throws in try file.companion(name) }
    let dataName = companions.first
    companions += try writeLabels(beside: &file)
    do throws(ONNXError) {
      try exporter.write(slim, toFile: file.temporaryPath, dataName: dataName)
    } catch {
      throw ONNXError(error.reason, at: error.place.trail.isEmpty ? error.place : .file(path))
    }
    report.output.byteCount = dataPaths.reduce(file.byteCount) { $0 + FileSize.of($1) }
    end()
    if options.verifySamples > 0 {
      try verify(try reopened(file.temporaryPath, slim), source, pruned, &report)
    }
    let written = file.temporaryPath
    try file.commit(companions: companions) { () throws(ConversionFault) in
      try finish(&report, pruned, written: written)
    }
    fineTuned?.checkpoint?.remove()
  }

  /// The result as its file says it; the graph itself where the file has operators that are written
  /// but not read.
  mutating func reopened(_ path: String, _ slim: Graph) throws -> Graph {
    do throws(ONNXError) {
      return try ONNXImporter(table: .standard).model(contentsOf: path).graph
    } catch {
      guard case .unsupportedOperators = error.reason else { throw error }
      warnings.append(
        "verified before writing only: the file has operators that can't be read back")
      return slim
    }
  }

  /// Where each axis of an image of the source is in the result.
  func imageOrder(_ source: SourceModel, _ layout: ImageLayout) -> [Int] {
    // ONNX to ONNX moves nothing.
    let layout = source.format == .onnx && layout == .channelsFirst ? source.layout : layout
    return layout.order(to: source.layout, rank: 4)
  }

  func model(_ path: String, _ format: String, _ graph: Graph) -> ConversionReport.Model {
    ConversionReport.Model(
      path: path, format: format, byteCount: 0, parameterCount: graph.parameterCount,
      macCount: graph.macCount)
  }
}
