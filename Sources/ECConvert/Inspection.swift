import ECDiagnostics
import ECGraph
import ECPruning

/// What a model is made of, and what of it can be pruned.
public struct Inspection: Sendable {
  private let source: ConversionReport.Model
  private let rows: [FormatObject]
  private let groups: [FormatObject]
  private let barriers: [Barrier]
  private let prunableMACShare: Double
  private let inputs: [(name: String, type: String)]
  private let outputs: [(name: String, type: String)]
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
    rows = Inspection.rows(graph, channels)
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
    warnings = model.notes
  }

  /// One row per layer, in order; a layer of several operators is one row.
  private static func rows(_ graph: Graph, _ channels: ChannelGroups) -> [FormatObject] {
    var groupOf: [String: Int] = [:]
    for group in channels.prunable {
      for layer in group.layers where groupOf[layer] == nil { groupOf[layer] = group.id }
    }
    var rows: [FormatObject] = []
    var counted: Set<ValueID> = []
    for node in graph.nodes {
      let layer = node.origin.isEmpty ? node.name : node.origin
      let weights = node.inputs.compactMap { $0 }.filter { counted.insert($0).inserted }
      let parameters = weights.reduce(0) { $0 + (graph.constant($1)?.count ?? 0) }
      let shape = graph[node.outputs[0]].type.shape
      if rows.last?["layer"]?.string == layer, var row = rows.popLast() {
        row["operators"] = .string((row["operators"]?.string ?? "") + "+" + node.op.name)
        row["shape"] = .list(shape.map { $0.value.map { .int($0) } ?? .null })
        row["parameters"] = .int((row["parameters"]?.int ?? 0) + parameters)
        row["macs"] = .int((row["macs"]?.int ?? 0) + graph.macs(of: node))
        rows.append(row)
        continue
      }
      rows.append([
        "layer": .string(layer), "operators": .string(node.op.name),
        "shape": .list(shape.map { $0.value.map { .int($0) } ?? .null }),
        "parameters": .int(parameters), "macs": .int(graph.macs(of: node)),
        "group": groupOf[layer].map { .int($0) } ?? .null,
      ])
    }
    return rows
  }

  /// The findings, for people, in 80 columns.
  public var lines: [String] {
    var lines = [
      "\(OutputFile.name(of: source.path)): \(source.format)"
        + (source.producer.map { ", \($0)" } ?? "") + ", \(Summary.bytes(source.byteCount))"
    ]
    lines += inputs.map { "  input  \($0.name)  \($0.type)" }
    lines += outputs.map { "  output \($0.name)  \($0.type)" }
    lines += [
      "",
      Inspection.line("layer", "operators", "shape", "params", "MACs", "group"),
    ]
    for row in rows {
      let shape = row["shape"]?.list?.dropFirst().map { $0.int.map { "\($0)" } ?? "?" } ?? []
      let parameters = row["parameters"]?.int ?? 0
      let macs = row["macs"]?.int ?? 0
      lines.append(
        Inspection.line(
          row["layer"]?.string ?? "", row["operators"]?.string ?? "",
          shape.joined(separator: "x"), parameters == 0 ? "" : Summary.count(parameters),
          macs == 0 ? "" : Summary.count(macs), row["group"]?.int.map { "\($0)" } ?? ""))
    }
    let share = (prunableMACShare * 1000).rounded() / 10
    lines += [
      "",
      "\(Summary.count(source.parameterCount)) parameters, \(Summary.count(source.macCount)) MACs"
        + " a sample; \(groups.count) channel groups hold \(share) % of the MACs",
    ]
    if !barriers.isEmpty { lines.append("left alone:") }
    for barrier in barriers {
      lines.append(
        "  \(barrier.layer): \(barrier.reason) (\(barrier.channels) channels, "
          + "\(Summary.count(barrier.parameters)) parameters)")
    }
    return lines
  }

  private static func line(
    _ layer: String, _ operators: String, _ shape: String, _ parameters: String, _ macs: String,
    _ group: String
  ) -> String {
    func left(_ text: String, _ width: Int) -> String {
      let cut = text.count > width ? String(text.prefix(width - 1)) + "…" : text
      return cut + String(repeating: " ", count: width - cut.count)
    }
    func right(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    return left(layer, 26) + " " + left(operators, 16) + " " + left(shape, 12)
      + right(parameters, 8) + right(macs, 8) + right(group, 6)
  }

  /// The findings as JSON.
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
      "layers": .list(rows.map { .object($0) }), "groups": .list(groups.map { .object($0) }),
      "barriers": .list(
        barriers.map {
          .object([
            "layer": .string($0.layer), "reason": .string($0.reason), "channels": .int($0.channels),
            "parameters": .int($0.parameters),
          ])
        }),
    ]).json(indent: 1)
  }
}
