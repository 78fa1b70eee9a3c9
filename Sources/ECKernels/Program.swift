import CONEDNN
public import ECDiagnostics

/// Kernels ready to run, with the memory that they need.
///
/// A program may move between threads but not run on two at once; several programs may.
public final class Program {
  /// The shapes of the inputs.
  public let inputDims: [[Int]]
  /// The shapes of the outputs; a scalar counts as `[1]`.
  public let outputDims: [[Int]]
  /// The memory of activations and of kernels at work.
  public let activationByteCount: Int
  /// The memory of constants, in the layouts in which kernels read them.
  public let constantByteCount: Int
  /// What is executed, in order: the kernel and its implementation, with its place in the model.
  public let listing: [(kernel: String, place: Place)]

  /// All memory that the program holds.
  public var peakByteCount: Int { activationByteCount + constantByteCount }

  private enum Work {
    case primitive(Primitive, [dnnl_exec_arg_t])
    case loop((_ slots: [UnsafeMutableRawPointer]) -> Void)
  }

  private let engine: Engine
  private let threads: Int
  private let arena: Block
  private let slots: [Slot]
  private let work: [Work]
  /// Where operands handed in from outside must be put before a run.
  private let moving: [(memory: BoundMemory, slot: Int, offset: Int)]
  private let memories: [BoundMemory]
  private var addresses: [UnsafeMutableRawPointer]

  init(
    engine: Engine, threads: Int, slots: [Slot], steps: [Step], inputDims: [[Int]],
    outputDims: [[Int]]
  ) throws(KernelError) {
    (self.engine, self.threads, self.slots) = (engine, threads, slots)
    (self.inputDims, self.outputDims) = (inputDims, outputDims)
    listing = steps.map { ($0.name, $0.place) }

    var lives = [ClosedRange<Int>?](repeating: nil, count: slots.count)
    for (index, step) in steps.enumerated() {
      for slot in step.slots { lives[slot] = (lives[slot]?.lowerBound ?? index)...index }
    }
    let plan = MemoryPlan(
      slots.indices.map { index in
        if case .arena = slots[index].kind {
          return .init(byteCount: slots[index].byteCount, life: lives[index])
        }
        return .init(byteCount: 0, life: nil)
      })
    let arena = try Block(byteCount: plan.byteCount)
    var constants = 0
    var addresses = [UnsafeMutableRawPointer](repeating: arena.address, count: slots.count)
    for (index, slot) in slots.enumerated() {
      switch slot.kind {
      case .arena: addresses[index] = arena.address + (plan.offsets[index] ?? 0)
      case .constant(let values):
        addresses[index] = values.address
        constants += values.byteCount
      case .input, .output: continue
      }
    }

    var (work, memories): ([Work], [BoundMemory]) = ([], [])
    var moving: [(memory: BoundMemory, slot: Int, offset: Int)] = []
    for step in steps {
      switch step.action {
      case .loop(let body): work.append(.loop(body))
      case .primitive(let primitive, let operands):
        var arguments: [dnnl_exec_arg_t] = []
        for (argument, placement) in operands {
          let memory = try BoundMemory(
            placement.layout, engine, addresses[placement.slot] + placement.offset)
          arguments.append(dnnl_exec_arg_t(arg: argument, memory: memory.raw))
          memories.append(memory)
          switch slots[placement.slot].kind {
          case .input, .output: moving.append((memory, placement.slot, placement.offset))
          case .arena, .constant: continue
          }
        }
        work.append(.primitive(primitive, arguments))
      }
    }
    (self.work, self.memories, self.moving) = (work, memories, moving)
    (self.arena, self.addresses) = (arena, addresses)
    (activationByteCount, constantByteCount) = (plan.byteCount, constants)
  }

  /// Runs the kernels.
  ///
  /// - Parameters:
  ///   - inputs: One for each input, in its order; only read.
  ///   - outputs: One for each output, filled in the output's order.
  public func run(
    inputs: [UnsafeBufferPointer<Float>], outputs: [UnsafeMutableBufferPointer<Float>]
  ) throws(KernelError) {
    try checkOperands(inputs.map(\.count), inputDims)
    try checkOperands(outputs.map(\.count), outputDims)
    for (index, slot) in slots.enumerated() {
      switch slot.kind {
      case .input(let input):
        if let base = inputs[input].baseAddress {
          addresses[index] = UnsafeMutableRawPointer(mutating: base)
        }
      case .output(let output):
        if let base = outputs[output].baseAddress { addresses[index] = .init(base) }
      case .arena, .constant: continue
      }
    }
    for entry in moving { try entry.memory.move(to: addresses[entry.slot] + entry.offset) }
    try Threads.with(threads) { () throws(KernelError) in
      for (index, item) in work.enumerated() {
        switch item {
        case .loop(let body): body(addresses)
        case .primitive(let primitive, let arguments):
          let status = dnnl_primitive_execute(
            primitive.raw, engine.stream, Int32(arguments.count), arguments)
          try check(status, listing[index].kernel)
        }
      }
      try check(dnnl_stream_wait(engine.stream), "run")
    }
  }

  /// Runs the kernels on arrays.
  public func run(_ inputs: [[Float]]) throws(KernelError) -> [[Float]] {
    try checkOperands(inputs.map(\.count), inputDims)
    let blocks = (inputs + outputDims.map { [Float](repeating: 0, count: $0.reduce(1, *)) }).map {
      let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: $0.count)
      _ = copy.initialize(from: $0)
      return copy
    }
    defer { for block in blocks { block.deallocate() } }
    try run(
      inputs: blocks.prefix(inputs.count).map { UnsafeBufferPointer($0) },
      outputs: Array(blocks.dropFirst(inputs.count)))
    return blocks.dropFirst(inputs.count).map { Array($0) }
  }

  private func checkOperands(_ counts: [Int], _ dims: [[Int]]) throws(KernelError) {
    guard counts.count == dims.count else {
      throw KernelError(.operandCount(found: counts.count, expected: dims.count))
    }
    for (index, (count, dims)) in zip(counts, dims).enumerated() {
      let expected = dims.reduce(1, *)
      guard count == expected else {
        throw KernelError(.elementCount(operand: index, found: count, expected: expected))
      }
    }
  }
}
