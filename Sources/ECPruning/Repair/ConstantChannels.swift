import ECGraph
import ECTensor

/// Channels that are one number for every input, and that number.
///
/// Proven, not measured: a weight row of zeros leaves the bias, a batch normalization with γ = 0
/// leaves β, and operators that work channel by channel carry a constant on.
struct ConstantChannels {
  /// Computes one node on given activations (constants are the node's own).
  typealias Evaluate = (_ node: Node, _ activations: [ValueID: Tensor]) throws -> Tensor

  /// For every value with such channels: the number at each position of its channel axis.
  private(set) var known: [ValueID: [Float?]] = [:]
  private let labels: [ValueID: LabelArray]

  init(_ graph: Graph, labels: [ValueID: LabelArray], evaluate: Evaluate) throws {
    self.labels = labels
    for node in graph.nodes { try follow(node, graph, evaluate) }
  }

  /// The axis of a value along which its channels stand, and their number.
  private func channelAxis(_ id: ValueID, _ graph: Graph) -> (axis: Int, count: Int)? {
    guard let array = labels[id], array.varyingAxes.count == 1 else { return nil }
    let axis = array.varyingAxes[0]
    return graph[id].type.shape[axis].value.map { (axis, $0) }
  }

  private mutating func follow(_ node: Node, _ graph: Graph, _ evaluate: Evaluate) throws {
    guard let result = node.outputs.first, node.outputs.count == 1,
      let (axis, count) = channelAxis(result, graph)
    else { return }
    var constants = [Float?](repeating: nil, count: count)
    let operands = graph.operands(of: node)
    let rule = (node.op as? any ConstantChannelOperator)?.constantChannels(operands)
    let activations = node.inputs.compactMap { $0 }.filter { graph.constant($0) == nil }
    switch rule {
    case .passes:
      if let input = activations.first, let numbers = known[input], numbers.count == count {
        constants = numbers
      }
    case .computes:
      try compute(node, graph, activations, axis, evaluate, &constants)
    case .moves:
      if activations.contains(where: { known[$0] != nil }) {
        try move(node, graph, activations, axis, evaluate, &constants)
      }
    case .mixes, nil:
      zeroRows(node, graph, &constants)
    }
    if constants.contains(where: { $0 != nil }) { known[result] = constants }
  }

  /// Rows of weights that are all zero leave the bias.
  private func zeroRows(_ node: Node, _ graph: Graph, _ constants: inout [Float?]) {
    guard node.inputs.count > 1, let weights = graph.constant(node.inputs[1]),
      let (axis, bias) = node.outputAxis(weights: 1),
      weights.shape[axis] == constants.count
    else { return }
    let biases = node.inputs.count > bias ? graph.constant(node.inputs[bias])?.floats() : nil
    for channel in zeroSlices(of: weights, axis: axis) {
      constants[channel] = biases?[channel] ?? 0
    }
  }

  /// The positions of an axis whose whole slice is zero; looks at no more elements than it must.
  private func zeroSlices(of weights: Tensor, axis: Int) -> [Int] {
    // As the weights lie in memory, whatever the order of their axes.
    let (order, plain) = weights.contiguousOrder ?? (Array(weights.shape.indices), weights)
    guard let place = order.firstIndex(of: axis) else { return [] }
    let count = plain.shape[place]
    let inner = plain.shape[(place + 1)...].reduce(1, *)
    let outer = plain.shape[..<place].reduce(1, *)
    return plain.asFloat32().withFloats { numbers in
      (0..<count).filter { channel in
        for o in 0..<outer {
          let start = (o * count + channel) * inner
          for k in start..<(start + inner) where numbers[k] != 0 { return false }
        }
        return true
      }
    }
  }

  private func compute(
    _ node: Node, _ graph: Graph, _ activations: [ValueID], _ axis: Int, _ evaluate: Evaluate,
    _ constants: inout [Float?]
  ) throws {
    let count = constants.count
    var isKnown = [Bool](repeating: true, count: count)
    var tensors: [ValueID: Tensor] = [:]
    for input in activations {
      let type = graph[input].type
      guard type.rank == graph[node.outputs[0]].type.rank else { return }
      let own = known[input] ?? [Float?](repeating: nil, count: type.shape[axis].value ?? 0)
      guard own.count == count else { return }
      for channel in 0..<count where own[channel] == nil { isKnown[channel] = false }
      var shape = [Int](repeating: 1, count: type.rank)
      shape[axis] = count
      tensors[input] = Tensor(own.map { $0 ?? 0 }, shape: shape)
    }
    // γ = 0 makes the operand irrelevant.
    if let scale = (node.op as? any ChannelScaling)?.channelScale(graph.operands(of: node)),
      scale.total.count == count
    {
      for channel in 0..<count where scale.total[channel] == 0 { isKnown[channel] = true }
    }
    guard isKnown.contains(true) else { return }
    let numbers = try evaluate(node, tensors).floats()
    // A constant operand that varies over the picture doesn't give one number a channel.
    guard numbers.count == count else { return }
    for channel in 0..<count where isKnown[channel] { constants[channel] = numbers[channel] }
  }

  /// Moves numbers as the operator moves data; what isn't known is marked by NaN.
  private func move(
    _ node: Node, _ graph: Graph, _ activations: [ValueID], _ axis: Int, _ evaluate: Evaluate,
    _ constants: inout [Float?]
  ) throws {
    var tensors: [ValueID: Tensor] = [:]
    for input in activations {
      guard let extents = graph[input].type.fixedShapeAfterBatch else { return }
      let shape = [1] + extents
      let own = known[input]
      let place = channelAxis(input, graph)
      let inner = place.map { shape[($0.axis + 1)...].reduce(1, *) } ?? 1
      let count = place?.count ?? 1
      tensors[input] = Tensor(shape: shape) { numbers in
        for k in numbers.indices { numbers[k] = own?[k / inner % count] ?? .nan }
      }
    }
    let result = try evaluate(node, tensors)
    let inner = result.shape[(axis + 1)...].reduce(1, *)
    var seen = [Float?](repeating: nil, count: constants.count)
    var differs = [Bool](repeating: false, count: constants.count)
    for (k, number) in result.floats().enumerated() {
      let channel = k / inner % constants.count
      if number.isNaN || (seen[channel] != nil && seen[channel] != number) {
        differs[channel] = true
      }
      seen[channel] = number
    }
    for channel in constants.indices where !differs[channel] { constants[channel] = seen[channel] }
  }
}
