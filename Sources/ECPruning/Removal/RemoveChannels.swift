public import ECGraph
public import ECTensor

/// Takes the channels that a plan doesn't keep out of a graph.
///
/// One loop over the axes that line up with channels: each keeps the positions whose unit stays.
/// Weights become views; nothing is copied. The graph must be the one of the channel groups.
///
///     a = Conv(x, k: float32[4, 3, 3, 3])  →  a = Conv(x, k: float32[2, 3, 3, 3])
///     b = Conv(a, l: float32[8, 4, 1, 1])  →  b = Conv(a, l: float32[8, 2, 1, 1])
public struct RemoveChannels: Pass {
  /// What became of the channels that one node makes.
  public struct Lost: Sendable, Equatable {
    /// The node that makes them.
    public let node: NodeID
    /// Its result, in the graph before and after.
    public let value: ValueID
    /// The name of that result.
    public let name: String
    /// The axis of the result along which the channels stand.
    public let axis: Int
    /// The positions that stayed, ascending.
    public let keep: [Int]
  }

  public var name: String { "remove-channels" }
  public var summary: String { "takes channels out of the model that a plan doesn't keep" }

  let channels: ChannelGroups
  let kept: [[Bool]]

  /// Prepares the removal.
  /// - Throws: `PruningError` if the plan doesn't fit the groups.
  public init(_ plan: PruningPlan, from channels: ChannelGroups) throws(PruningError) {
    self.channels = channels
    kept = zip(try plan.keeps(in: channels), channels.groups).map { keep, group in
      var flags = [Bool](repeating: false, count: group.channels)
      for unit in keep { flags[unit] = true }
      return flags
    }
  }

  /// Whether the unit of an id stays.
  func stays(_ unit: ChannelUnit?) -> Bool { unit.map { kept[$0.group][$0.index] } ?? true }

  public func run(on graph: inout Graph) throws(PassError) -> PassReport {
    do throws(PruningError) {
      let lost = try apply(to: &graph)
      return PassReport(changes: lost.count)
    } catch {
      throw PassError(pass: name, underlying: error)
    }
  }

  /// Removes the channels and checks the graph.
  /// - Returns: the results that lost channels at the nodes that make them, in topological order.
  /// - Throws: `PruningError` if what would be left of an axis can't be said; the graph is then as
  ///   it was.
  public func apply(to graph: inout Graph) throws(PruningError) -> [Lost] {
    var slim = graph
    let lost = try cut(&slim)
    do throws(GraphError) {
      try slim.verify()
    } catch {
      throw PruningError(error)
    }
    graph = slim
    return lost
  }

  /// The size of the graph after the removal, without touching a weight's elements.
  public func predict(on graph: Graph) throws(PruningError) -> (parameters: Int, macs: Int) {
    var slim = graph
    _ = try cut(&slim)
    return (slim.parameterCount, slim.macCount)
  }

  private func cut(_ graph: inout Graph) throws(PruningError) -> [Lost] {
    let original = graph
    let weightKeeps = try cutWeights(&graph)
    var lost: [Lost] = []
    let producers = Set(channels.axes.filter { $0.role == .producer }.map(\.node))
    for node in original.nodes {
      do throws(GraphError) {
        let results = try axisKeeps(of: node.outputs.map { $0 }, in: original)
        let operands = try axisKeeps(of: node.inputs, in: original, weights: weightKeeps)
        let isCut = (results + operands).contains { $0.contains { $0 != nil } }
        guard isCut else { continue }
        let cut = Cut(
          operands: original.operands(of: node), results: node.outputs.map { original[$0].type },
          operandKeeps: operands, resultKeeps: results)
        graph.setOperator(node.id, try node.op.cut(cut))
        guard producers.contains(node.id) else { continue }
        for (value, axes) in zip(node.outputs, results) {
          for case (let axis, let keep?) in axes.enumerated() {
            lost.append(
              Lost(
                node: node.id, value: value, name: original[value].name, axis: axis, keep: keep))
          }
        }
      } catch {
        throw PruningError(error.at(node: node.name))
      }
    }
    do throws(GraphError) {
      try graph.retype()
    } catch {
      throw PruningError(error)
    }
    return lost
  }

  /// Cuts every initializer; gives the kept positions by initializer and axis.
  private func cutWeights(
    _ graph: inout Graph
  ) throws(PruningError) -> [ValueID: [Int: [Int]]] {
    var keeps: [ValueID: [Int: [Int]]] = [:]
    for axis in channels.axes where keeps[axis.value]?[axis.axis] == nil {
      let keep = axis.units.indices.filter { stays(axis.units[$0]) }
      guard keep.count < axis.units.count else { continue }
      guard let tensor = graph.constant(axis.value), axis.axis < tensor.shape.count,
        tensor.shape[axis.axis] == axis.units.count
      else { throw PruningError(.differentModel, at: .node(axis.nodeName)) }
      guard !keep.isEmpty else { throw PruningError(.emptyAxis, at: .node(axis.nodeName)) }
      keeps[axis.value, default: [:]][axis.axis] = keep
      graph.setConstant(axis.value, tensor.gathered(axis: axis.axis, keep))
    }
    return keeps
  }

  /// An initializer of the graph as it is after the removal.
  public func cut(_ value: ValueID, of graph: Graph) -> Tensor? {
    var tensor = graph.constant(value)
    var done: Set<Int> = []
    for axis in channels.axes where axis.value == value && done.insert(axis.axis).inserted {
      let keep = axis.units.indices.filter { stays(axis.units[$0]) }
      if keep.count < axis.units.count { tensor = tensor?.gathered(axis: axis.axis, keep) }
    }
    return tensor
  }

  private func axisKeeps(
    of values: [ValueID?], in graph: Graph, weights: [ValueID: [Int: [Int]]] = [:]
  ) throws(GraphError) -> [[[Int]?]] {
    var keeps: [[[Int]?]] = []
    for value in values {
      guard let value else {
        keeps.append([])
        continue
      }
      let rank = graph[value].type.rank
      if graph.constant(value) != nil {
        keeps.append((0..<rank).map { weights[value]?[$0] })
      } else if let labels = channels.labels[value] {
        keeps.append(try positions(of: labels))
      } else {
        keeps.append([[Int]?](repeating: nil, count: rank))
      }
    }
    return keeps
  }

  /// The positions of each axis that stay; a position leaves if all ids of its slice leave.
  private func positions(of labels: LabelArray) throws(GraphError) -> [[Int]?] {
    let flags = labels.ids.map { stays(channels.unitOfID[Int($0)]) }
    var keeps = [[Int]?](repeating: nil, count: labels.shape.count)
    guard flags.contains(false) else { return keeps }
    guard flags.contains(true) else {
      throw GraphError(.cutNotRectangular("all channels of a value would be removed"))
    }
    var leaving = 0
    for axis in labels.varyingAxes {
      let inner = labels.shape[(axis + 1)...].reduce(1, *)
      let extent = labels.shape[axis]
      var slices = [Bool](repeating: false, count: extent)
      for (k, stays) in flags.enumerated() where stays { slices[k / inner % extent] = true }
      guard slices.contains(false) else { continue }
      keeps[axis] = slices.indices.filter { slices[$0] }
      leaving += 1
    }
    let left = labels.shape.indices.reduce(1) { $0 * (keeps[$1]?.count ?? labels.shape[$1]) }
    guard leaving > 0, left == flags.count(where: { $0 }) else {
      throw GraphError(.cutNotRectangular("the kept channels of a value don't fill its axes"))
    }
    return keeps
  }
}
