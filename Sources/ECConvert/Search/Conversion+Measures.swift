import ECGraph
import ECKeras
import ECPasses

/// What a search for a plan may ask of results that aren't written.
extension ConversionRun {
  /// The measures of graphs in the source's layout.
  func measures(_ source: SourceModel, _ format: ModelFormat) -> ResultMeasures {
    // What candidates are written with isn't said of the result.
    var quiet = self
    quiet.warnings = []
    return ResultMeasures(
      byteCount: { [quiet] graph in
        var run = quiet
        return try run.byteCount(of: graph, source, format)
      },
      temporary: { [quiet] graph in
        var (run, graph) = (quiet, graph)
        try run.rewrite(&graph, source)
        return try TemporaryModel(graph, run.exporter(source))
      },
      note: note, progress: progress)
  }

  /// The name that the file of weights gets, if there is one; it stands in the model's file.
  var expectedDataName: String {
    options.output.map { "\(OutputFile.name(of: $0)).data" } ?? "data"
  }

  /// The bytes of the file or files that a graph would be written to.
  private mutating func byteCount(
    of graph: Graph, _ source: SourceModel, _ format: ModelFormat
  ) throws -> Int {
    var graph = graph
    guard format.isKeras else {
      try rewrite(&graph, source)
      let size = try exporter(source).byteCount(of: graph, dataName: expectedDataName)
      return size.model + size.data
    }
    if source.keras == nil { try turnForKeras(&graph, source) }
    let container = KerasExporter.Container(format)
    return try byteCount(
      of: KerasWriter(try document(of: graph, source, container)), container)
  }
}
