public import ECGraph
import ECOperators
public import ECTensor

extension Classifier {
  /// A place for a new classifier, whose weights aren't known yet.
  public struct Site: Sendable {
    /// What the classifier reads; every row after the batch is one set of features.
    public let features: ValueID
    /// The number of features.
    public let width: Int
    fileprivate let node: NodeID
    fileprivate let shift: (node: NodeID, operand: Int)?
    fileprivate let reshapes: [(node: NodeID, old: Int)]
  }

  /// Puts a dense layer in the classifier's place; its weights are those of `fill`, later.
  ///
  ///     y = Relu(Conv1x1(x))  z = GlobalAveragePool(y)      becomes     z = GlobalAveragePool(x)
  ///     s = Softmax(Flatten(z))  -> s                                   s = Softmax(Dense(z))  -> s
  ///
  /// - Parameters:
  ///   - layout: where pictures have their channels.
  ///   - addsSoftmax: whether a classifier that is made anew gives probabilities; `nil` is as before.
  /// - Throws: `GraphError` if the features have no known number.
  public func prepare(
    _ graph: inout Graph, layout: ImageLayout, addsSoftmax: Bool? = nil
  ) throws(GraphError) -> Site {
    if case .inPlace(let node) = form { return try site(of: node, in: graph) }
    let name = graph[output].name
    var rows = features
    if graph[rows].type.rank == 4 {
      rows = try insert(
        GlobalPool(isMaximum: false, keepDims: false, layout: layout, spatialRank: 2),
        "head_pool", [rows], &graph)
    } else if graph[rows].type.rank != 2 {
      rows = try insert(Flatten(), "head_flatten", [rows], &graph)
    }
    guard let width = graph[rows].type.shape.last?.value else {
      throw GraphError(.refused("the number of features before the classifier is unknown"))
    }
    let kernel = graph.addConstant(
      "head_kernel", Tensor([Float](repeating: 0, count: width), shape: [width, 1]))
    let bias = graph.addConstant("head_bias", Tensor([0] as [Float], shape: [1]))
    let base = layer ?? "head"
    var result = try insert(Dense(), "\(base)_dense", [rows, kernel, bias], &graph)
    let site = Site(
      features: rows, width: width, node: graph[result].producer ?? NodeID(0), shift: nil,
      reshapes: [])
    if addsSoftmax ?? hasSoftmax {
      result = try insert(Softmax(axis: 1), "\(base)_softmax", [result], &graph)
    }
    graph.setOutputs([result])
    do throws(PassError) {
      _ = try RemoveUnused().run(on: &graph)
    } catch {
      throw GraphError(.refused(error.what))
    }
    if features != output { graph.rename(result, to: name) }
    return site
  }

  private func insert(
    _ op: any Operator, _ name: String, _ inputs: [ValueID], _ graph: inout Graph
  ) throws(GraphError) -> ValueID {
    let id = try graph.insert(op, name: name, inputs: inputs, origin: name)
    return graph[id].outputs[0]
  }

  private func site(of id: NodeID, in graph: Graph) throws(GraphError) -> Site {
    let node = graph[id]
    guard let kernel = graph.constant(node.inputs[1]) else {
      throw GraphError(.notConstant(operand: 1))
    }
    let isTransposed = (node.op as? Dense)?.isTransposed ?? true
    let (classes, width) =
      isTransposed ? (kernel.shape[0], kernel.shape[1]) : (kernel.shape[1], kernel.shape[0])
    return Site(
      features: features, width: width, node: id, shift: shift,
      reshapes: reshapes.map { ($0, classes) })
  }
}

extension Classifier.Site {
  /// Gives the classifier its weights: `kernel` is `[classes, width]`, `bias` `[classes]`.
  /// - Throws: `GraphError` if an operator behind it can't take another number of classes.
  public func fill(_ graph: inout Graph, kernel: Tensor, bias: Tensor) throws(GraphError) {
    let count = bias.count
    let own = graph[node]
    var matrix = kernel
    if let dense = own.op as? Dense {
      if !dense.isTransposed { matrix = kernel.permuted([1, 0]).materialized() }
    } else {
      matrix = kernel.reshaped([count, width, 1, 1])
    }
    set(1, of: node, matrix, "kernel", &graph)
    if let shift {
      // The product had no bias of its own, or has zeros now.
      if own.inputs.count > 2, own.inputs[2] != nil {
        set(2, of: node, Tensor([Float](repeating: 0, count: count), shape: [count]), "", &graph)
      }
      set(shift.operand, of: shift.node, bias, "bias", &graph)
    } else {
      set(2, of: node, bias, "bias", &graph)
    }
    for (id, old) in reshapes {
      guard let reshape = graph[id].op as? Reshape else { continue }
      graph.setOperator(id, Reshape(target: reshape.target.map { $0 == old ? count : $0 }))
    }
    try graph.retype()
  }

  /// Makes an operand a constant; the value that is there stays the same value.
  private func set(
    _ operand: Int, of id: NodeID, _ tensor: Tensor, _ name: String, _ graph: inout Graph
  ) {
    let inputs = graph[id].inputs
    if operand < inputs.count, let value = inputs[operand] {
      let type = graph[value].type.elementType
      graph.setConstant(value, tensor.converted(to: type) ?? tensor)
    } else {
      let value = graph.addConstant("\(graph[id].name)_\(name)", tensor)
      graph.setInput(id, operand, value)
    }
  }
}
