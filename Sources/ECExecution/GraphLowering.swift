import ECDiagnostics
import ECGraph
import ECKernels
import ECTensor

/// Turns the kernels that operators ask for into a program.
///
/// A value is a buffer whose axes may stand in another order than the value's own. A transposition
/// changes that order alone; channels-last images thus become the channels-first buffers that
/// kernels want, stored as they were, and elements move only where a kernel needs them to.
final class GraphLowering: KernelBuilder {
  /// Where the elements of a value are.
  enum Form {
    /// Axis k of the value is axis `order[k]` of the buffer.
    case buffer(Buffer, order: [Int])
    /// A constant that no kernel has asked for so far.
    case constant(Tensor)
  }

  private(set) var program: ProgramBuilder
  private var forms: [Form] = []
  /// How batch normalization is done.
  let mode: LoweringMode
  /// The normalizations that something is learned from, in order.
  var normalizations: [BatchNormalization] = []
  /// The operands that were copied for their readers.
  var readings: [Reading: KernelValue] = [:]

  init(threads: Int, mode: LoweringMode = .inference, precision: Precision = .single) {
    program = ProgramBuilder(threads: threads)
    program.usesBFloat16 = precision == .bfloat16
    self.mode = mode
  }

  /// The program; the lowering must not be used afterwards.
  ///
  /// Nothing is kept here, so that constants are freed as soon as kernels have their own layouts.
  func finish() throws(KernelError) -> Program {
    var taken = ProgramBuilder()
    swap(&taken, &program)
    forms = []
    return try taken.build()
  }

  /// Where errors of the kernels added next say they are.
  func enter(node: Node) {
    program.place = .node(node.name)
  }

  /// Adds an input in row-major order.
  func input(_ shape: [Int]) -> KernelValue {
    value(program.input(dims: shape), order: Array(shape.indices))
  }

  /// Adds an output in row-major order, or with one axis moved to the end.
  func output(_ x: KernelValue, last: Int? = nil) {
    let (buffer, order) = stored(x)
    var sequence = order
    if let last { sequence.append(sequence.remove(at: last)) }
    program.output(buffer, order: .permuted(sequence))
  }

  func constant(_ tensor: Tensor) -> KernelValue {
    value(.constant(tensor), tensor.shape)
  }

  // MARK: Values

  /// Adds a kernel to the program.
  func kernel(_ body: (inout ProgramBuilder) -> Buffer) -> Buffer {
    body(&program)
  }

  /// Adds the kernels of gradients to the program.
  func differentiate(_ loss: Buffer, _ targets: [Buffer]) throws(KernelError) -> [Buffer?] {
    try program.gradients(of: loss, by: targets)
  }

  /// A value for a buffer.
  func value(_ buffer: Buffer, order: [Int]) -> KernelValue {
    value(.buffer(buffer, order: order), order.map { buffer.dims[$0] })
  }

  private func value(_ form: Form, _ shape: [Int]) -> KernelValue {
    forms.append(form)
    return KernelValue(id: forms.count - 1, shape: shape)
  }

  /// The elements of a constant, as long as they are known.
  func tensor(_ x: KernelValue) -> Tensor? {
    if case .constant(let tensor) = forms[x.id] { return tensor }
    return nil
  }

  /// The buffer of a value as it is.
  func stored(_ x: KernelValue) -> (buffer: Buffer, order: [Int]) {
    switch forms[x.id] {
    case .buffer(let buffer, let order): return (buffer, order)
    case .constant(let tensor):
      let buffer = add(tensor)
      forms[x.id] = .buffer(buffer, order: Array(x.shape.indices))
      return (buffer, Array(x.shape.indices))
    }
  }

  /// A buffer in which axis k of the value is axis `wanted[k]`.
  func arranged(_ x: KernelValue, _ wanted: [Int]) -> Buffer {
    let (buffer, order) = stored(x)
    if order == wanted { return buffer }
    var permutation = order
    for (axis, place) in wanted.enumerated() { permutation[place] = order[axis] }
    return program.transpose(buffer, permutation)
  }

  /// A buffer whose axes are the value's own.
  func plain(_ x: KernelValue) -> Buffer {
    arranged(x, Array(x.shape.indices))
  }

  /// Adds a constant to the program, uncopied where its elements lie without gaps.
  func add(_ tensor: Tensor) -> Buffer {
    var numbers = tensor.asFloat32()
    if numbers.contiguousOrder?.plain.isAligned != true {
      numbers = numbers.materialized()
      // Of a large weight only the copy shall be resident.
      if numbers.byteCount >= 1 << 20 { tensor.releasePages() }
    }
    guard let (order, plain) = numbers.contiguousOrder, plain.isAligned else {
      return program.constant(dims: tensor.shape, numbers.floats())
    }
    return plain.withFloats { floats in
      program.constant(
        dims: tensor.shape, order: .permuted(order), floats, owner: plain.keepAlive)
    }
  }
}

/// What a graph is lowered for.
enum LoweringMode: Equatable {
  case inference
  /// Weights change; batch normalization takes its statistics from the batch, or those stored.
  case training(usesBatch: Bool)
}

/// The statistics of a batch normalization: the operands stored in the graph, and those of the batch.
struct BatchNormalization {
  var operands: NormalizationOperands
  var mean: Buffer
  var variance: Buffer
  /// The elements of which each is a mean.
  var sampleCount: Int
}

extension ImageLayout {
  /// The order in which an image's axes stand in a channels-first buffer.
  func bufferOrder(rank: Int) -> [Int] {
    let order = order(to: .channelsFirst, rank: rank)
    var places = order
    for (place, axis) in order.enumerated() { places[axis] = place }
    return places
  }
}
