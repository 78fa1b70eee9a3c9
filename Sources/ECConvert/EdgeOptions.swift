import ECDiagnostics
import ECGraph

/// Applies the options that change a model's edge: shapes of inputs and the batch.
struct EdgeOptions {
  let inputShapes: [(name: String, shape: [Int])]
  let batch: Int?

  /// Gives inputs the wanted types and infers everything behind them.
  func apply(to graph: inout Graph) throws {
    for (name, shape) in inputShapes {
      guard let id = graph.inputs.first(where: { graph[$0].name == name }) else {
        throw ConversionFault(
          .noSuchInput(name: name, inputs: graph.inputs.map { graph[$0].name }),
          at: .option("--input-shape"))
      }
      let type = graph[id].type
      let fits =
        type.rank == shape.count
        && zip(type.shape, shape).allSatisfy { $0.value == nil || $0.value == $1 }
      guard fits else {
        throw ConversionFault(
          .options("\(shape) doesn't fit the input's \(type)"), at: .option("--input-shape"))
      }
      graph.setInputType(id, ValueType(type.elementType, shape.map { .fixed($0) }))
    }
    if let batch {
      for id in graph.inputs {
        var type = graph[id].type
        guard let first = type.shape.first, first.value == nil || first.value == batch else {
          continue
        }
        type.shape[0] = .fixed(batch)
        graph.setInputType(id, type)
      }
    }
    if !inputShapes.isEmpty || batch != nil { try graph.retype() }
  }
}
