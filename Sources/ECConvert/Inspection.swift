import ECDiagnostics
import ECGraph
import ECPruning

/// What a model is made of, and what of it can be pruned.
public struct Inspection: Sendable {
  let source: ConversionReport.Model
  let rows: [FormatObject]
  let groups: [FormatObject]
  let barriers: [Barrier]
  let prunableMACShare: Double
  let inputs: [(name: String, type: String)]
  let outputs: [(name: String, type: String)]
  /// The names of the classes, where the file has them.
  let classes: [String]
  /// What a person should know besides.
  public let warnings: [String]

  /// Reads a model.
  /// - Parameter architecture: a JSON file with the architecture, for a file of weights.
  /// - Throws: `ConversionError` if it can't be read.
  public init(path: String, architecture: String? = nil) throws(ConversionError) {
    let model: SourceModel
    var graph: Graph
    do {
      model = try SourceModel.read(path, architecture: architecture)
      graph = model.graph
      _ = try UnshareVectors().run(on: &graph)
    } catch let error as any DiagnosticError {
      throw ConversionError(stage: "import", error)
    } catch {
      throw ConversionError(stage: "import", UnexpectedError(underlying: "\(error)"))
    }
    let channels = ChannelGroups(graph)
    source = ConversionReport.Model(
      path: path, format: model.format.rawValue, byteCount: model.byteCount(at: path),
      parameterCount: model.graph.parameterCount, macCount: graph.macCount,
      producer: model.producer)
    rows = LayerRows.rows(graph, channels)
    groups = channels.prunable.map { group in
      [
        "id": .int(group.id), "channels": .int(group.channels),
        "free": .int(group.freeUnits.count),
        "layers": .list(group.layers.map { .string($0) }),
      ]
    }
    barriers = channels.barriers
    prunableMACShare = channels.prunableMACShare
    inputs = graph.inputs.map { (graph[$0].name, "\(graph[$0].type)") }
    outputs = graph.outputs.map { (graph[$0].name, "\(graph[$0].type)") }
    classes = model.graph.classes ?? []
    warnings = model.notes
  }

  /// The findings as JSON (`schemas/inspection.schema.json`).
  public func json() -> String {
    func edge(_ edges: [(name: String, type: String)]) -> FormatValue {
      .list(edges.map { .object(["name": .string($0.name), "type": .string($0.type)]) })
    }
    return FormatValue.object([
      "path": .string(source.path), "format": .string(source.format),
      "producer": source.producer.map { .string($0) } ?? .null,
      "bytes": .int(source.byteCount), "parameters": .int(source.parameterCount),
      "macs": .int(source.macCount), "prunableMACShare": .float(prunableMACShare),
      "inputs": edge(inputs), "outputs": edge(outputs),
      "classes": .list(classes.map { .string($0) }),
      "layers": .list(rows.map { .object($0) }), "groups": .list(groups.map { .object($0) }),
      "barriers": .list(barriers.map(\.formatValue)),
    ]).json(indent: 1)
  }
}

extension Barrier {
  /// What keeps channels, as reports have it.
  var formatValue: FormatValue {
    .object([
      "layer": .string(layer), "reason": .string(reason), "channels": .int(channels),
      "parameters": .int(parameters), "macs": .int(macs),
      "macShare": .float((macShare * 1e6).rounded() / 1e6),
    ])
  }
}
