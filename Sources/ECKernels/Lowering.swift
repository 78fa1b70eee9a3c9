import CONEDNN
import ECDiagnostics

/// Where a value lies, and how.
struct Placement {
  var slot: Int
  /// From the slot's beginning, in bytes.
  var offset = 0
  var layout: Layout
}

/// A piece of memory of a program.
struct Slot {
  enum Kind {
    /// Inside the program's block, shared over time.
    case arena
    case constant(ConstantValues)
    case input(Int)
    case output(Int)
  }

  var kind: Kind
  var byteCount: Int
}

/// A pooling as it was lowered.
struct Pool {
  var description: Description
  /// With the padding that its incomplete windows need.
  var window: Window
}

/// One thing that a program does.
struct Step {
  enum Action {
    case primitive(Primitive, [(argument: Int32, placement: Placement)])
    /// Gets the addresses of all slots.
    case loop((_ slots: [UnsafeMutableRawPointer]) -> Void)
  }

  var name: String
  var place: Place
  var action: Action
  var slots: [Int]
}

/// Turns recorded kernels into steps: chooses layouts, inserts reorders, overwrites dead values.
struct Lowering {
  let engine: Engine
  let shapes: [[Int]]
  private let nodes: [Node]
  private let outputs: [(value: Int, order: MemoryOrder)]

  private(set) var slots: [Slot] = []
  private(set) var steps: [Step] = []
  /// What convolutions are for: in training the library chooses the layout of their gradients.
  let propagation: dnnl_prop_kind_t
  /// By value; the first is where it was made, the others are copies in other layouts.
  private(set) var placements: [[Placement]]
  /// By result, the poolings that the library does; their gradients must match them.
  var pools: [Int: Pool] = [:]
  /// By value, the number of readers still to come.
  private var pending: [Int]
  private var valuesBySlot: [[Int]] = []
  /// The node being lowered.
  private var place = Place()
  private var reading: [Int] = []

  /// Whether factors may be rounded to bfloat16.
  let usesBFloat16: Bool
  private let inputDims: [[Int]]
  private let threads: Int

  init(_ builder: consuming ProgramBuilder) throws(KernelError) {
    engine = try Engine()
    shapes = builder.shapes.map { $0.isEmpty ? [1] : $0 }
    outputs = builder.outputs
    threads = builder.threads
    var constants: Set<Int> = []
    for case (let value, .constant) in builder.sources.enumerated() { constants.insert(value) }
    var fusion = Fusion(shapes: shapes, constants: constants, outputs: outputs.map(\.value))
    nodes = fusion.run(builder.nodes)
    let isTraining = nodes.contains { $0.operation.isGradient }
    propagation = isTraining ? dnnl_forward_training : dnnl_forward_inference
    usesBFloat16 = builder.usesBFloat16 && !isTraining && BFloat16.isNative
    placements = [[Placement]](repeating: [], count: shapes.count)
    pending = [Int](repeating: 0, count: shapes.count)
    var inputDims: [[Int]] = []
    for (value, source) in builder.sources.enumerated() {
      if case .input = source { inputDims.append(builder.shapes[value]) }
    }
    self.inputDims = inputDims
    for node in nodes { for value in node.reads { pending[value] += 1 } }
    for output in outputs { pending[output.value] += 1 }
    for (value, source) in builder.sources.enumerated() {
      switch source {
      case .input(let index, let axes):
        let layout = try Layout(dims: shapes[value], axes: axes)
        define(value, Placement(slot: addSlot(.input(index), layout.byteCount), layout: layout))
      case .constant(let values, let axes):
        guard pending[value] > 0 else { continue }
        let layout = try Layout(dims: shapes[value], axes: axes)
        let slot = addSlot(.constant(values), layout.byteCount)
        define(value, Placement(slot: slot, layout: layout))
      case .node: continue
      }
    }
  }

  /// Lowers everything and lays out the memory.
  mutating func run() throws(KernelError) -> Program {
    for node in nodes {
      (place, reading) = (node.place, node.reads)
      do { try lower(node) } catch {
        throw error.place == Place() ? KernelError(error.reason, at: node.place) : error
      }
      for value in node.reads { pending[value] -= 1 }
      releaseConstants(node.reads)
    }
    (place, reading) = (Place(), [])
    for (index, output) in outputs.enumerated() {
      let dims = shapes[output.value]
      let axes = output.order.axes(rank: dims.count) ?? Array(dims.indices)
      let layout = try Layout(dims: dims, axes: axes)
      let slot = addSlot(.output(index), layout.byteCount)
      let source = placements[output.value].first { $0.layout == layout }
      try addReorder(
        from: source ?? main(output.value), to: Placement(slot: slot, layout: layout))
    }
    return try Program(
      engine: engine, threads: threads, slots: slots, steps: steps, inputDims: inputDims,
      outputDims: outputs.map { shapes[$0.value] })
  }

  private mutating func lower(_ node: Node) throws(KernelError) {
    switch node.operation {
    case .convolution(let window, let groups):
      try lowerConvolution(node, window, groups: groups)
    case .innerProduct(let transposed): try lowerInnerProduct(node, transposed: transposed)
    case .matrixProduct: try lowerMatrixProduct(node)
    case .pooling(let kind, let window): try lowerPooling(node, kind, window)
    case .eltwise(let function): try lowerEltwise(node, function)
    case .binary(let kind): try lowerBinary(node, kind)
    case .constantChain(let stages): try lowerChain(node, stages)
    case .reduction(let kind, let axes): try lowerReduction(node, kind, axes)
    case .softmax(let axis, let log): try lowerSoftmax(node, axis: axis, logarithm: log)
    case .reshape: try lowerReshape(node)
    case .transpose(let permutation): try lowerTranspose(node, permutation)
    case .concat(let axis): try lowerConcat(node, axis: axis)
    case .slice(let starts, let steps): try lowerSlice(node, starts: starts, steps: steps)
    case .pad(let begin, let value): try lowerPad(node, begin: begin, value: value)
    case .gather(let axis, let indices): try lowerGather(node, axis: axis, indices: indices)
    case .resizeLinear: try lowerResize(node)
    case .normalization(let epsilon, let usesBatch):
      try lowerNormalization(node, epsilon, usesBatch: usesBatch)
    default: try lowerGradient(node)
    }
  }

  // MARK: Memory

  mutating func addSlot(_ kind: Slot.Kind, _ byteCount: Int) -> Int {
    slots.append(Slot(kind: kind, byteCount: byteCount))
    valuesBySlot.append([])
    return slots.count - 1
  }

  /// Fresh memory for a layout.
  mutating func allocate(_ layout: Layout) -> Placement {
    Placement(slot: addSlot(.arena, layout.byteCount), layout: layout)
  }

  /// Says where a value lies, or where a copy of it lies.
  mutating func define(_ value: Int, _ placement: Placement) {
    placements[value].append(placement)
    valuesBySlot[placement.slot].append(value)
  }

  func main(_ value: Int) -> Placement {
    guard let placement = placements[value].first else {
      preconditionFailure("value \(value) is read before it's made")
    }
    return placement
  }

  /// Whether the node being lowered is the last to read anything in the slot, so that its result
  /// may overwrite it.
  func isDying(_ slot: Int) -> Bool {
    guard case .arena = slots[slot].kind else { return false }
    return Set(valuesBySlot[slot]).allSatisfy { value in
      pending[value] == reading.count { $0 == value }
    }
  }

  /// Whether a value, or another that shares its memory, lies in a slot.
  func occupies(_ value: Int, _ slot: Int) -> Bool {
    placements[value].contains { $0.slot == slot }
  }

  /// Lets go of the memory of constants that no step reads and nobody will.
  private mutating func releaseConstants(_ values: [Int]) {
    for value in values where pending[value] == 0 {
      for placement in placements[value] {
        guard case .constant = slots[placement.slot].kind,
          valuesBySlot[placement.slot].allSatisfy({ pending[$0] == 0 }),
          !steps.contains(where: { $0.slots.contains(placement.slot) })
        else { continue }
        slots[placement.slot].kind = .arena
      }
    }
  }

  // MARK: Layouts

  /// The value in exactly this layout, reordered where it must be; constants once and for all.
  mutating func obtain(_ value: Int, _ layout: Layout) throws(KernelError) -> Placement {
    if let found = placements[value].first(where: { $0.layout == layout }) { return found }
    let made = try reordered(main(value), layout)
    define(value, made)
    return made
  }

  /// The value in row-major order.
  mutating func obtainRowMajor(_ value: Int) throws(KernelError) -> Placement {
    try obtain(value, .rowMajor(shapes[value]))
  }

  /// The value in some plain order without gaps.
  mutating func obtainPlain(_ value: Int) throws(KernelError) -> Placement {
    if let found = placements[value].first(where: { $0.layout.isPlainDense }) { return found }
    return try obtainRowMajor(value)
  }

  /// A copy in another layout.
  mutating func reordered(_ source: Placement, _ layout: Layout) throws(KernelError) -> Placement {
    let plain = try Layout.rowMajor(layout.dims)
    guard let reorder = try reorder(source.layout, layout) else {
      // Weights transformed for Winograd are reached from a few orders only, row-major among them.
      if source.layout == plain { try check(dnnl_unimplemented, "reorder") }
      return try reordered(try reordered(source, plain), layout)
    }
    guard case .constant(let values) = slots[source.slot].kind else {
      let result = allocate(layout)
      addReorder(reorder, from: source, to: result)
      return result
    }
    let block = try Block(byteCount: layout.byteCount)
    let (primitive, scratch) = reorder
    let memory = try Block(byteCount: scratch.byteCount)
    let operands = [
      try BoundMemory(source.layout, engine, values.address + source.offset),
      try BoundMemory(layout, engine, block.address),
      try BoundMemory(scratch, engine, memory.address),
    ]
    let keys = [Argument.source, Argument.destination, Argument.scratch]
    let arguments = zip(keys, operands).map { dnnl_exec_arg_t(arg: $0, memory: $1.raw) }
    try check(
      dnnl_primitive_execute(
        primitive.raw, engine.stream, Int32(scratch.byteCount > 0 ? 3 : 2), arguments),
      "reorder of a constant")
    try check(dnnl_stream_wait(engine.stream), "reorder of a constant")
    withExtendedLifetime(operands) {}
    let slot = addSlot(.constant(ConstantValues(block)), layout.byteCount)
    return Placement(slot: slot, layout: layout)
  }

  mutating func addReorder(from source: Placement, to result: Placement) throws(KernelError) {
    guard let reorder = try reorder(source.layout, result.layout) else {
      return try check(dnnl_unimplemented, "reorder")
    }
    addReorder(reorder, from: source, to: result)
  }

  private mutating func addReorder(
    _ reorder: Reorder, from source: Placement, to result: Placement
  ) {
    addStep(
      "reorder", reorder.primitive, reorder.scratch,
      [(Argument.source, source), (Argument.destination, result)])
  }

  private typealias Reorder = (primitive: Primitive, scratch: Layout)

  /// One step from a layout to another; nil where the library has none.
  private func reorder(_ source: Layout, _ result: Layout) throws(KernelError) -> Reorder? {
    var (from, to) = (source.desc, result.desc)
    let attributes = try Attributes([])
    var raw: dnnl_primitive_desc_t?
    let status = dnnl_reorder_primitive_desc_create(
      &raw, &from, engine.raw, &to, engine.raw, attributes.raw)
    if status == dnnl_unimplemented { return nil }
    try check(status, "reorder")
    guard let raw else { throw KernelError(.library(call: "reorder", status: "no handle")) }
    let description = Description(raw)
    return (
      try Primitive(description, name: "reorder"), try description.layout(dnnl_query_scratchpad_md)
    )
  }

  // MARK: Steps

  /// Chooses an implementation, or gives nil where there is none.
  ///
  /// - Parameter forward: The forward kernel of a gradient.
  func describe<D>(
    _ descriptor: D, _ stages: [PostOp] = [], forward: Description? = nil
  ) throws(KernelError) -> Description? {
    let attributes = try Attributes(stages)
    var raw: dnnl_primitive_desc_t?
    let status = withUnsafePointer(to: descriptor) {
      dnnl_primitive_desc_create(
        &raw, UnsafeRawPointer($0), attributes.raw, engine.raw, forward?.raw)
    }
    guard status == dnnl_success, let raw else { return nil }
    return Description(raw)
  }

  /// Compiles a kernel and adds its execution.
  mutating func addStep(
    _ name: String, _ description: Description, _ operands: [(Int32, Placement)]
  ) throws(KernelError) {
    addStep(
      "\(name) \(description.implementation)", try Primitive(description, name: name),
      try description.layout(dnnl_query_scratchpad_md), operands)
  }

  private mutating func addStep(
    _ name: String, _ primitive: Primitive, _ scratch: Layout, _ operands: [(Int32, Placement)]
  ) {
    var operands = operands
    if scratch.byteCount > 0 { operands.append((Argument.scratch, allocate(scratch))) }
    steps.append(
      Step(
        name: name, place: place, action: .primitive(primitive, operands),
        slots: operands.map(\.1.slot)))
  }

  /// Adds a loop of our own.
  mutating func addLoop(
    _ name: String, _ operands: [Placement],
    _ body: @escaping (_ slots: [UnsafeMutableRawPointer]) -> Void
  ) {
    steps.append(
      Step(name: "\(name) loop", place: place, action: .loop(body), slots: operands.map(\.slot)))
  }
}

extension Node {
  /// The values that it reads, those of fused stages included.
  var reads: [Int] {
    inputs
      + fused.compactMap { stage in
        if case .sum(let value) = stage { value } else { nil }
      }
  }
}

extension Placement {
  /// The elements.
  func floats(_ slots: [UnsafeMutableRawPointer]) -> UnsafeMutablePointer<Float> {
    (slots[slot] + offset).assumingMemoryBound(to: Float.self)
  }
}

/// The numbers by which kernels know their operands.
enum Argument {
  static let source = Int32(DNNL_ARG_SRC_0)
  static let second = Int32(DNNL_ARG_SRC_1)
  static let destination = Int32(DNNL_ARG_DST_0)
  static let weights = Int32(DNNL_ARG_WEIGHTS_0)
  static let bias = Int32(DNNL_ARG_BIAS)
  static let scratch = Int32(DNNL_ARG_SCRATCHPAD)
  static let parts = Int32(DNNL_ARG_MULTIPLE_SRC)
  static let workspace = Int32(DNNL_ARG_WORKSPACE)
  static let mean = Int32(DNNL_ARG_MEAN)
  static let variance = Int32(DNNL_ARG_VARIANCE)
  static let scale = Int32(DNNL_ARG_SCALE)
  static let shift = Int32(DNNL_ARG_SHIFT)
  static let sourceGradient = Int32(DNNL_ARG_DIFF_SRC_0)
  static let destinationGradient = Int32(DNNL_ARG_DIFF_DST_0)
  static let weightsGradient = Int32(DNNL_ARG_DIFF_WEIGHTS_0)
  static let biasGradient = Int32(DNNL_ARG_DIFF_BIAS)
  static let scaleGradient = Int32(DNNL_ARG_DIFF_SCALE)
  static let shiftGradient = Int32(DNNL_ARG_DIFF_SHIFT)
}
