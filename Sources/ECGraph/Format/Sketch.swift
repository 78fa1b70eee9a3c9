public import ECTensor

/// Draws the operators of one source layer or node into a graph, with names from the source.
public struct Sketch {
  /// The graph drawn into.
  public private(set) var graph: Graph
  /// The layer's or node's name; the last operator drawn gives its result this name on `finish`.
  public let layer: String
  private var constants: [String: ValueID]
  private let extents: [ValueID: [Dimension]]

  /// Starts drawing; `shared` are constants that an earlier call of the same layer made, `extents`
  /// the whole numbers of values that are no constants since some are extents like the batch.
  public init(
    graph: consuming Graph, layer: String, shared: [String: ValueID] = [:],
    extents: [ValueID: [Dimension]] = [:]
  ) {
    self.graph = graph
    self.layer = layer
    self.constants = shared
    self.extents = extents
  }

  /// The whole numbers of a value, as far as they are known before anything runs; a rule that takes
  /// them from here must not apply an operator to the value.
  public func extents(of value: ValueID) -> [Dimension]? {
    extents[value] ?? graph.constant(value)?.integers()?.map { .fixed($0) }
  }

  /// The constants drawn so far by name, to share with a further call of the same layer.
  public var sharedConstants: [String: ValueID] { constants }

  /// The type of a value.
  public func type(of value: ValueID) -> ValueType { graph[value].type }

  /// An initializer named `<layer>/<name>`; the same one again for the same name.
  public mutating func constant(_ name: String, _ tensor: Tensor) -> ValueID {
    if let known = constants[name] { return known }
    let id = graph.addConstant("\(layer)/\(name)", tensor)
    constants[name] = id
    return id
  }

  /// Applies an operator; its node and first result are called `<layer>` or `<layer>/<suffix>`.
  /// - Throws: `FormatError.graph` if the operator refuses the operands.
  @discardableResult
  public mutating func apply(_ op: any Operator, _ inputs: [ValueID?], suffix: String = "")
    throws(FormatError) -> [ValueID]
  {
    let name = suffix.isEmpty ? layer : "\(layer)/\(suffix)"
    do throws(GraphError) {
      let node = try graph.insert(op, name: name, inputs: inputs, origin: layer)
      return graph[node].outputs
    } catch {
      throw FormatError(.graph(GraphError(error.reason)))
    }
  }

  /// Ends drawing and gives the graph back.
  public consuming func finish() -> Graph { graph }
}
