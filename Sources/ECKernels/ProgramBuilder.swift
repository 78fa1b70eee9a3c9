public import ECDiagnostics

/// Collects kernels over buffers and builds a program of them for fixed shapes, in float32.
///
/// The functions that add a kernel check shapes but don't throw: the first contradiction is kept
/// and thrown by `build()`, so that a model is lowered without a `try` on every line.
public struct ProgramBuilder {
  /// The number of threads of the program.
  public let threads: Int
  /// Where in the model the kernels added next come from; errors carry it.
  public var place = Place()
  /// Whether convolutions of one group and inner products take their factors in bfloat16, where the
  /// library has a kernel for it. Sums and all that lies between kernels stay in float32.
  public var usesBFloat16 = false

  var sources: [Source] = []
  var shapes: [[Int]] = []
  var nodes: [Node] = []
  var outputs: [(value: Int, order: MemoryOrder)] = []
  var inputCount = 0
  var failure: KernelError?

  /// Where a value comes from.
  enum Source {
    case input(index: Int, axes: [Int])
    case constant(ConstantValues, axes: [Int])
    case node
  }

  /// Makes an empty builder; below one thread counts as one.
  public init(threads: Int = 1) {
    self.threads = max(threads, 1)
  }

  /// Adds an input, in the order in which `Program.run` takes them.
  public mutating func input(dims: [Int], order: MemoryOrder = .rowMajor) -> Buffer {
    guard let axes = order.axes(rank: dims.count), dims.allSatisfy({ $0 > 0 }) else {
      return refuse(.parameter(kernel: "input", name: "dims", value: dims), dims)
    }
    defer { inputCount += 1 }
    return add(dims, .input(index: inputCount, axes: axes))
  }

  /// Adds a constant.
  ///
  /// - Parameters:
  ///   - dims: The logical shape.
  ///   - order: How `values` follow each other.
  ///   - values: Copied, unless `owner` is given.
  ///   - owner: Whatever keeps the memory of `values` alive and unchanged; it's kept until the
  ///     values are in the layouts that kernels want, so a large weight is copied only once.
  public mutating func constant(
    dims: [Int], order: MemoryOrder = .rowMajor, _ values: UnsafeBufferPointer<Float>,
    owner: AnyObject? = nil
  ) -> Buffer {
    let count = dims.reduce(1, *)
    guard let axes = order.axes(rank: dims.count), count > 0 else {
      return refuse(.parameter(kernel: "constant", name: "dims", value: dims), dims)
    }
    guard values.count == count else {
      return refuse(.dims(kernel: "constant", found: [values.count], expected: dims), dims)
    }
    let kept = ConstantValues(values, owner: owner)
    return add(dims, .constant(kept, axes: axes))
  }

  /// Adds a constant in row-major order.
  public mutating func constant(dims: [Int], _ values: [Float]) -> Buffer {
    values.withUnsafeBufferPointer { constant(dims: dims, $0) }
  }

  /// Marks a buffer as the next output of the program, delivered in the given order.
  ///
  /// Any buffer can be an output, also an input or one that other kernels read.
  public mutating func output(_ buffer: Buffer, order: MemoryOrder = .rowMajor) {
    guard owns([buffer], "output") else { return }
    guard order.axes(rank: buffer.dims.count) != nil else {
      fail(.parameter(kernel: "output", name: "dims", value: buffer.dims))
      return
    }
    outputs.append((buffer.id, order))
  }

  /// Builds the program: kernels are chosen and compiled, weights brought into their layouts.
  ///
  /// - Throws: The first contradiction found while kernels were added, or what oneDNN refuses.
  public consuming func build() throws(KernelError) -> Program {
    if let failure { throw failure }
    let before = Threads.count
    Threads.set(threads)
    defer { Threads.set(before) }
    var lowering = try Lowering(self)
    return try lowering.run()
  }
}

extension ProgramBuilder {
  /// Records a value.
  mutating func add(_ dims: [Int], _ source: Source) -> Buffer {
    sources.append(source)
    shapes.append(dims)
    return Buffer(id: shapes.count - 1, dims: dims)
  }

  /// Records a kernel after checking that its operands and result can exist.
  mutating func add(_ operation: Operation, _ inputs: [Buffer], _ dims: [Int]) -> Buffer {
    add(operation, inputs, dims, extras: []).result
  }

  /// Records a kernel that writes further values.
  mutating func add(
    _ operation: Operation, _ inputs: [Buffer], _ dims: [Int], extras: [[Int]]
  ) -> (result: Buffer, extras: [Buffer]) {
    guard owns(inputs, operation.name) else { return (Buffer(id: -1, dims: dims), []) }
    guard dims.allSatisfy({ $0 > 0 }), dims.count <= rankLimit else {
      let reason = KernelError.Reason.parameter(
        kernel: operation.name, name: "output shape", value: dims)
      return (refuse(reason, dims), [])
    }
    let result = add(dims, .node)
    let further = extras.map { add($0, .node) }
    nodes.append(
      Node(
        operation: operation, inputs: inputs.map(\.id), output: result.id,
        extras: further.map(\.id), place: place))
    return (result, further)
  }

  /// Whether the buffers are this builder's.
  private mutating func owns(_ buffers: [Buffer], _ kernel: String) -> Bool {
    if failure != nil { return false }
    for buffer in buffers {
      guard shapes.indices.contains(buffer.id), shapes[buffer.id] == buffer.dims else {
        fail(.foreignBuffer(kernel: kernel))
        return false
      }
    }
    return true
  }

  /// Keeps the first failure.
  mutating func fail(_ reason: KernelError.Reason) {
    if failure == nil { failure = KernelError(reason, at: place) }
  }

  /// Keeps the first failure and stands in for the result.
  mutating func refuse(_ reason: KernelError.Reason, _ dims: [Int]) -> Buffer {
    fail(reason)
    return Buffer(id: -1, dims: dims)
  }
}
