/// Moves what can be applied to a result into the kernel that makes it.
struct Fusion {
  private let shapes: [[Int]]
  private var constants: Set<Int>
  private var uses: [Int]
  private var result: [Node?] = []
  /// Where in `result` a value is made.
  private var producers: [Int: Int] = [:]

  init(shapes: [[Int]], constants: Set<Int>, outputs: [Int]) {
    (self.shapes, self.constants) = (shapes, constants)
    uses = [Int](repeating: 0, count: shapes.count)
    for value in outputs { uses[value] += 1 }
  }

  /// The kernels that the outputs need, fused, in an order of execution.
  mutating func run(_ nodes: [Node]) -> [Node] {
    var needed: [Node] = []
    for node in nodes.reversed() where node.results.contains(where: { uses[$0] > 0 }) {
      for value in node.inputs { uses[value] += 1 }
      needed.append(node)
    }
    for node in needed.reversed() where !fuse(node) {
      append(node)
    }
    return result.compactMap { $0 }
  }

  private mutating func append(_ node: Node) {
    producers[node.output] = result.count
    result.append(node)
  }

  private mutating func fuse(_ node: Node) -> Bool {
    switch node.operation {
    case .reshape where constants.contains(node.inputs[0]):
      constants.insert(node.output)
      return false
    case .eltwise(let function):
      guard let native = function.native, let index = producer(of: node.inputs[0]),
        var maker = result[index], maker.operation.takesEltwise, maker.canTake(native)
      else { return false }
      maker.fused.append(.eltwise(native))
      maker.output = node.output
      result[index] = maker
      producers[node.output] = index
      return true
    case .binary(let kind):
      if let (x, constant) = constantOperand(of: node) {
        chain(node, ChainStage(kind: kind, isSwapped: constant == node.inputs[0]), x, constant)
        return true
      }
      switch kind {
      case .add: return fuseSum(node)
      case .multiply: return fuseGate(node)
      default: return false
      }
    default:
      return false
    }
  }

  /// The computed operand and the constant broadcast to it, where a node has these two.
  private func constantOperand(of node: Node) -> (x: Int, constant: Int)? {
    let (a, b) = (node.inputs[0], node.inputs[1])
    let (x, constant) = constants.contains(b) ? (a, b) : (b, a)
    guard constants.contains(constant), !constants.contains(x), shapes[x] == shapes[node.output]
    else { return nil }
    return (x, constant)
  }

  /// Functions of a value and constants, one after the other, become one kernel: one pass over memory.
  private mutating func chain(_ node: Node, _ stage: ChainStage, _ x: Int, _ constant: Int) {
    guard let index = producer(of: x), var maker = result[index], maker.fused.isEmpty,
      case .constantChain(let stages) = maker.operation
    else {
      return append(
        Node(
          operation: .constantChain([stage]), inputs: [x, constant], output: node.output,
          place: node.place))
    }
    maker.operation = .constantChain(stages + [stage])
    maker.inputs.append(constant)
    maker.output = node.output
    // The constant may have been given its shape since.
    result[index] = nil
    append(maker)
  }

  /// `x · sigmoid(x)` and its like become one function of `x`, which its maker may then take.
  private mutating func fuseGate(_ node: Node) -> Bool {
    for (x, gate) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
      guard let index = producer(of: gate), let maker = result[index],
        case .eltwise(let function) = maker.operation, maker.inputs == [x], maker.fused.isEmpty,
        let product = function.timesOperand
      else { continue }
      result[index] = nil
      uses[x] -= 1
      let merged = Node(
        operation: .eltwise(product), inputs: [x], output: node.output, place: node.place)
      if !fuse(merged) { append(merged) }
      return true
    }
    return false
  }

  /// The addition moves into the later of the two makers, so that the other value exists by then.
  private mutating func fuseSum(_ node: Node) -> Bool {
    let (a, b) = (node.inputs[0], node.inputs[1])
    guard a != b, shapes[a] == shapes[b] else { return false }
    let makers = [(a, b), (b, a)].compactMap { value, other -> (index: Int, other: Int)? in
      guard let index = producer(of: value), let maker = result[index], maker.fused.isEmpty,
        maker.operation.takesSum
      else { return nil }
      return (index, other)
    }
    guard let choice = makers.max(by: { $0.index < $1.index }), var maker = result[choice.index]
    else { return false }
    result[choice.index] = nil
    maker.fused.append(.sum(value: choice.other))
    maker.output = node.output
    append(maker)
    return true
  }

  /// The maker of a value that nobody else reads.
  private func producer(of value: Int) -> Int? {
    uses[value] == 1 ? producers[value] : nil
  }
}

extension Node {
  /// The values that it writes.
  var results: [Int] { [output] + extras }

  /// Whether all functions would be of different kinds: oneDNN 2.6 gives every function of a chain
  /// the parameters of the last one of its kind.
  fileprivate func canTake(_ functions: [NativeEltwise]) -> Bool {
    let former = fused.flatMap { stage -> [NativeEltwise] in
      if case .eltwise(let functions) = stage { functions } else { [] }
    }
    let kinds = (former + functions).map(\.kind.rawValue)
    return Set(kinds).count == kinds.count
  }
}

extension Operation {
  /// Whether the library can apply functions to the result in the same kernel.
  fileprivate var takesEltwise: Bool {
    switch self {
    case .convolution, .innerProduct, .matrixProduct: true
    case .binary(let kind): kind.native != nil
    case .constantChain: true
    default: false
    }
  }

  /// Whether the library can add another value in the same kernel.
  fileprivate var takesSum: Bool {
    switch self {
    case .convolution: true
    default: false
    }
  }
}
