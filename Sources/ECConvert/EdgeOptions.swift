import ECDiagnostics
import ECGraph

/// The options that change the extents of a model's inputs.
struct EdgeOptions {
  /// Shapes of inputs by name; without a name it is that of the only input.
  let inputShapes: [(name: String?, shape: [Int])]
  /// The extent of the first axis of every input.
  let batch: ConversionOptions.Batch?

  init(_ options: ConversionOptions) {
    inputShapes = options.inputShapes
    batch = options.batch
  }

  /// Whether nothing changes.
  var isEmpty: Bool { inputShapes.isEmpty && batch == nil }

  /// The extents of the inputs that change.
  /// - Parameter inputs: names and types as the source has them.
  /// - Throws: `ConversionFault` for an input that isn't there, and a shape that doesn't fit.
  func extents(of inputs: [(name: String, type: ValueType?)]) throws(ConversionFault)
    -> [String: [Dimension]]
  {
    let place = Place.option("--input-shape")
    var changed: [String: [Dimension]] = [:]
    for (wanted, shape) in inputShapes {
      guard let name = wanted ?? (inputs.count == 1 ? inputs[0].name : nil) else {
        throw ConversionFault(.unnamedShape(inputs: inputs.map(\.name)), at: place)
      }
      guard let input = inputs.first(where: { $0.name == name }) else {
        throw ConversionFault(.noSuchInput(name: name, inputs: inputs.map(\.name)), at: place)
      }
      if let type = input.type, !EdgeOptions.fits(shape, type) {
        throw ConversionFault(.shapeDoesNotFit(shape, input: name, type: "\(type)"), at: place)
      }
      changed[name] = shape.map { .fixed($0) }
    }
    if let batch {
      // Inputs beside the first share its batch; others (a threshold, a size) have none.
      let first = inputs.first?.type?.shape.first
      for (name, type) in inputs {
        guard let type, let extent = type.shape.first, extent == first else { continue }
        var shape = changed[name] ?? type.shape
        shape[0] = batch.dimension(like: extent)
        changed[name] = shape
      }
    }
    return changed.filter { name, shape in
      inputs.contains { $0.name == name && $0.type?.shape != shape }
    }
  }

  /// Whether a shape leaves all extents but the batch as they are, where they are known.
  private static func fits(_ shape: [Int], _ type: ValueType) -> Bool {
    type.rank == shape.count
      && zip(type.shape, shape).dropFirst().allSatisfy { $0.value == nil || $0.value == $1 }
  }

  /// Gives inputs of a graph other extents and infers everything behind them.
  static func apply(_ extents: [String: [Dimension]], to graph: inout Graph) throws(GraphError) {
    for id in graph.inputs {
      guard let shape = extents[graph[id].name] else { continue }
      graph.setInputType(id, ValueType(graph[id].type.elementType, shape))
    }
    try graph.retype()
  }
}

extension ConversionOptions.Batch {
  /// The extent of the batch axis; one that is open already keeps its name.
  fileprivate func dimension(like given: Dimension) -> Dimension {
    switch self {
    case .fixed(let count): .fixed(count)
    case .dynamic: given.value == nil ? given : .symbolic("batch")
    }
  }
}
