import ECGraph
import ECPruning

/// What a graph's layers are made of, as rows for tables and reports.
enum LayerRows {
  /// One row per layer, in order; a layer of several operators is one row.
  static func rows(_ graph: Graph, _ channels: ChannelGroups?) -> [FormatObject] {
    var groupOf: [String: Int] = [:]
    for group in channels?.prunable ?? [] {
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

  /// One row per layer that has weights or multiplies, with what it was and what it is.
  /// - Parameter order: where the axes of images of the result are in the source's order.
  static func changes(from source: Graph, to result: Graph, order: [Int]) -> [FormatObject] {
    var after: [String: FormatObject] = [:]
    for row in rows(result, nil) {
      if let layer = row["layer"]?.string, after[layer] == nil { after[layer] = row }
    }
    return rows(source, nil).compactMap { row in
      guard (row["macs"]?.int ?? 0) + (row["parameters"]?.int ?? 0) > 0,
        let layer = row["layer"]?.string, let result = after[layer]
      else { return nil }
      var change: FormatObject = ["layer": .string(layer)]
      change["operators"] = row["operators"]
      for key in ["shape", "macs", "parameters"] {
        change[key + "Before"] = row[key]
        change[key + "After"] = result[key]
      }
      if let shape = result["shape"]?.list, shape.count == order.count {
        change["shapeAfter"] = .list(order.map { shape[$0] })
      }
      return change
    }
  }
}
