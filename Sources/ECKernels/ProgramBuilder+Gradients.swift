extension ProgramBuilder {
  /// Adds the kernels that differentiate a sum by some of the values it was made of.
  ///
  /// The kernels recorded so far are gone through backwards; what they need of the forward results
  /// stays in memory until then.
  ///
  /// - Parameters:
  ///   - loss: One element.
  ///   - targets: Any buffers.
  /// - Returns: For each target its gradient, of its shape, or nil where the loss doesn't depend on
  ///   it.
  /// - Throws: `KernelError.noGradient` with all kernels on the way that can't be differentiated.
  public mutating func gradients(
    of loss: Buffer, by targets: [Buffer]
  ) throws(KernelError) -> [Buffer?] {
    if let failure { throw failure }
    let former = place
    defer { place = former }
    var differentiation = Differentiation(self, of: loss, by: targets)
    try differentiation.run()
    self = differentiation.builder
    return targets.map { differentiation.gradients[$0.id] }
  }

  /// The argument of the softmax that made a buffer; the buffer itself where none did.
  public func logits(of buffer: Buffer) -> Buffer {
    guard let node = nodes.last(where: { $0.output == buffer.id }), case .softmax = node.operation
    else { return buffer }
    return self.buffer(node.inputs[0])
  }

  /// A value as a buffer.
  func buffer(_ value: Int) -> Buffer { Buffer(id: value, dims: shapes[value]) }
}

/// The kernels of a program gone through backwards.
struct Differentiation {
  var builder: ProgramBuilder
  /// By value.
  private(set) var gradients: [Int: Buffer] = [:]
  private let loss: Buffer
  /// The values that depend on a target and on which the loss depends.
  private let active: Set<Int>
  private let forward: [Node]

  init(_ builder: ProgramBuilder, of loss: Buffer, by targets: [Buffer]) {
    (self.builder, self.loss) = (builder, loss)
    var reached = Set(targets.map(\.id))
    for node in builder.nodes where !reached.isDisjoint(with: node.inputs) {
      reached.formUnion([node.output] + node.extras)
    }
    var needed: Set<Int> = [loss.id]
    for node in builder.nodes.reversed() where needed.contains(node.output) {
      needed.formUnion(node.inputs)
    }
    active = reached.intersection(needed)
    forward = builder.nodes
  }

  mutating func run() throws(KernelError) {
    let stuck = forward.filter { isActive($0) && !$0.operation.hasGradient }
    guard stuck.isEmpty else {
      throw KernelError(.noGradient(stuck.map { "\($0.place): \($0.operation.name)" }))
    }
    guard active.contains(loss.id) else { return }
    gradients[loss.id] = builder.constant(
      dims: loss.dims, [Float](repeating: 1, count: loss.count))
    for index in forward.indices.reversed() where isActive(forward[index]) {
      guard let d = gradients[forward[index].output] else { continue }
      builder.place = forward[index].place
      differentiate(index, d)
    }
    if let failure = builder.failure { throw failure }
  }

  private func isActive(_ node: Node) -> Bool {
    active.contains(node.output) && node.inputs.contains(where: active.contains)
  }

  /// Whether the gradient by an operand is asked for.
  func needs(_ value: Int) -> Bool { active.contains(value) }

  /// Adds to what the loss changes with a value.
  mutating func add(_ gradient: Buffer, to value: Int) {
    guard needs(value) else { return }
    if let former = gradients[value] {
      gradients[value] = builder.binary(.add, former, gradient)
    } else {
      gradients[value] = gradient
    }
  }

  /// The gradient by an operand that was broadcast: summed over the axes that it has once.
  mutating func add(_ gradient: Buffer, broadcastFrom value: Int) {
    guard needs(value) else { return }
    let dims = builder.shapes[value]
    var axes = dims.indices.filter { dims[$0] == 1 && gradient.dims[$0] > 1 }
    var sum = gradient
    let spatial = Array(dims.indices.dropFirst(2))
    // Means over pictures are a fast kernel, and leave little to be summed.
    if (3...5).contains(dims.count), spatial.allSatisfy({ dims[$0] == 1 }), !axes.isEmpty {
      let count = spatial.map { gradient.dims[$0] }.reduce(1, *)
      if count > 1 {
        let mean = builder.reduction(.mean, sum, axes: spatial, keepDims: true)
        sum = builder.eltwise(.linear(alpha: Float(count), beta: 0), mean)
      }
      axes.removeAll(where: spatial.contains)
    }
    if !axes.isEmpty { sum = builder.reduction(.sum, sum, axes: axes, keepDims: true) }
    add(sum, to: value)
  }

  /// Tells a forward maximum to remember where it found its largest elements.
  mutating func makeWorkspace(_ index: Int, _ operation: Operation) -> Buffer {
    let workspace = builder.add(builder.shapes[forward[index].output], .node)
    builder.nodes[index].operation = operation
    builder.nodes[index].extras = [workspace.id]
    return workspace
  }

  func node(_ index: Int) -> Node { forward[index] }
}

extension Operation {
  /// Whether the kernel can be gone through backwards.
  var hasGradient: Bool {
    switch self {
    case .reduction(.product, _), .reduction(.logSum, _): false
    default: !isGradient
    }
  }

  /// Whether the kernel belongs to the way back.
  var isGradient: Bool {
    switch self {
    case .convolutionData, .convolutionWeights, .poolingGradient, .eltwiseGradient,
      .softmaxGradient, .binaryGradient, .normalizationGradient, .resizeLinearGradient,
      .scatterSum, .expand:
      true
    default: false
    }
  }
}
