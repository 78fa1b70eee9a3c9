import ECDiagnostics
import ECGraph
import ECKeras
import ECOperators
import ECPasses

/// Writing a result as Keras has it.
extension ConversionRun {
  /// Refuses options that only an ONNX file can follow.
  func refuseONNXOptions() throws(ConversionFault) {
    let given = [
      ("--opset", options.opset != nil), ("--external-data", options.externalData != .auto),
      ("--inputs-as-nchw", options.inputLayout == .nchw),
      ("--inputs-as-nhwc", options.inputLayout == .nhwc),
      ("--dtype", options.precision == .fp16),
    ]
    for (name, isGiven) in given where isGiven {
      throw ConversionFault(.options("a Keras file can't follow it"), at: .option(name))
    }
  }

  /// Writes a slim model in the words of Keras, opens it again and checks it.
  mutating func exportKeras(
    _ slim: Graph, _ source: SourceModel, _ pruned: PruningStage.Result?, _ format: ModelFormat
  ) throws -> ConversionReport {
    let container: KerasExporter.Container = format == .kerasZip ? .archive : .hdf5
    var slim = slim
    if source.keras == nil { try turnForKeras(&slim, source) }
    begin("export", "writing \(options.output ?? "")")
    var document: KerasDocument
    if let model = source.keras {
      let export = try KerasExporter(table: .standard).document(model, as: slim, in: container)
      warnings += export.notes
      document = export.document
    } else {
      let dialect: KerasDialect = container == .archive ? .keras3 : .keras2
      document = try FunctionalExporter(table: .standard, dialect: dialect).document(of: slim)
    }

    document.classes = slim.classes ?? []
    var report = ConversionReport(
      input: self.model(options.input, source.format.rawValue, source.graph),
      output: self.model(options.output ?? "", format.rawValue, slim))
    report.input.byteCount = source.byteCount(at: options.input)
    report.input.producer = source.producer
    report.pruning = pruned?.report(final: slim)
    report.layers = LayerRows.changes(
      from: source.graph, to: slim, order: imageOrder(source, .channelsLast))
    let writer = KerasWriter(document)
    if options.dryRun {
      report.output.byteCount = document.byteCount
      end()
      try finish(&report, pruned)
    } else if let path = options.output {
      var file = try outputFile(path, source)
      // Beside the output, since other places may not have room for it.
      let scratch = file.scratch("scratch.weights")
      let labels = try writeLabels(beside: &file)
      try write(writer, container, to: file.temporaryPath, scratch: scratch, named: path)
      report.output.byteCount = file.byteCount
      end()
      if options.verifySamples > 0 {
        let result = try KerasImporter(table: .standard).model(contentsOf: file.temporaryPath)
        try verify(result.graph, source, pruned, &report)
      }
      let written = file.temporaryPath
      try file.commit(companions: labels) { () throws(ConversionFault) in
        try finish(&report, pruned, written: written)
      }
      fineTuned?.checkpoint?.remove()
    }
    return report
  }

  /// Brings a graph that isn't of Keras into the layout of Keras, its image inputs too.
  private mutating func turnForKeras(_ graph: inout Graph, _ source: SourceModel) throws {
    begin("rewrite", "rewriting")
    let images = source.layout == .channelsLast ? [] : Set(graph.imageInputs)
    try Pipelines.toKeras(from: source.layout)
      .run(on: &graph, verifying: options.verifySamples > 0)
    for id in graph.inputs where images.contains(id) {
      let shape = graph[id].type.shape.map(\.description).joined(separator: ", ")
      warnings.append("the input '\(graph[id].name)' takes images channels last now: [\(shape)]")
    }
    inputLayouts = InputLayouts(
      orders: graph.inputs.map {
        images.contains($0) ? source.layout.order(to: .channelsLast, rank: 4) : nil
      })
    end()
  }

  /// Writes the file under a temporary name; faults are told of its final one.
  private func write(
    _ writer: KerasWriter, _ container: KerasExporter.Container, to temporary: String,
    scratch: String, named path: String
  ) throws {
    do throws(KerasError) {
      switch container {
      case .hdf5: try writer.writeHDF5(toFile: temporary)
      case .archive: try writer.writeArchive(toFile: temporary, scratch: scratch)
      }
    } catch {
      let inner = Place(Array(error.place.trail.dropFirst()))
      throw KerasError(error.reason, at: Place.file(path).appending(inner))
    }
  }
}
