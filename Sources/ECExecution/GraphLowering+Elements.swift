import ECGraph
import ECKernels
import ECTensor

extension GraphLowering {
  func unary(_ kind: UnaryKernel, _ x: KernelValue) -> KernelValue {
    let (buffer, order) = stored(x)
    return value(kernel { apply(kind, buffer, &$0) }, order: order)
  }

  private func apply(_ kind: UnaryKernel, _ x: Buffer, _ program: inout ProgramBuilder) -> Buffer {
    switch kind {
    case .softShrink(let bound):
      let kept = program.eltwise(.clip(min: -bound, max: bound), x)
      return program.binary(.subtract, x, kept)
    case .hardShrink(let bound):
      let above = program.eltwise(.thresholdedRelu(alpha: bound), x)
      let below = program.eltwise(.thresholdedRelu(alpha: bound), program.eltwise(.negate, x))
      return program.binary(.subtract, above, below)
    default:
      return program.eltwise(Eltwise(kind), x)
    }
  }

  func converted(_ x: KernelValue, to type: ElementType) -> KernelValue {
    let function: Eltwise
    switch type {
    case .float32, .float64, .bfloat16: return x
    case .float16: function = .roundToHalf
    case .bool: function = .isNonzero
    default: function = .truncate
    }
    let (buffer, order) = stored(x)
    return value(kernel { $0.eltwise(function, buffer) }, order: order)
  }

  func binary(_ kind: BinaryKernel, _ a: KernelValue, _ b: KernelValue) -> KernelValue {
    let rank = max(a.shape.count, b.shape.count)
    let (countA, countB) = (a.shape.reduce(1, *), b.shape.reduce(1, *))
    let leadsA =
      (tensor(a) == nil) == (tensor(b) == nil) ? countA >= countB : tensor(a) == nil
    // The order of the operand that leads decides; the other one follows.
    let lead = stored(leadsA ? a : b)
    let missing = rank - lead.order.count
    let order = Array(0..<missing) + lead.order.map { $0 + missing }
    let (left, right) = (expanded(a, order), expanded(b, order))
    return value(kernel { $0.binary(BinaryKind(kind), left, right) }, order: order)
  }

  /// The value with leading axes of one element, arranged in an order.
  private func expanded(_ x: KernelValue, _ order: [Int]) -> Buffer {
    let missing = order.count - x.shape.count
    let ones = [Int](repeating: 1, count: missing)
    if let tensor = tensor(x) {
      var axes = order
      for (axis, place) in order.enumerated() { axes[place] = axis }
      return add(tensor.reshaped(ones + x.shape).permuted(axes))
    }
    if missing == 0 { return arranged(x, order) }
    let (buffer, own) = stored(x)
    let leading = kernel { $0.reshape(buffer, ones + buffer.dims) }
    return arranged(value(leading, order: Array(0..<missing) + own.map { $0 + missing }), order)
  }

  func matrixProduct(_ x: KernelValue, weights: KernelValue, bias: KernelValue?) -> KernelValue {
    let (rows, matrix, shift) = (plain(x), plain(weights), bias.map { vector($0) })
    let result = kernel { $0.innerProduct(rows, weights: matrix, bias: shift) }
    return value(result, order: Array(result.dims.indices))
  }

  func batchedProduct(_ a: KernelValue, _ b: KernelValue) -> KernelValue {
    let (left, right) = (plain(a), plain(b))
    let result = kernel { $0.matrixProduct(left, right) }
    return value(result, order: Array(result.dims.indices))
  }

  func reduction(
    _ kind: ReductionKernel, _ x: KernelValue, axes: [Int], keepDims: Bool
  ) -> KernelValue {
    if axes.isEmpty { return x }
    let (buffer, order) = stored(x)
    let reduced = axes.map { order[$0 < 0 ? $0 + order.count : $0] }
    let result = kernel {
      $0.reduction(ReductionKind(kind), buffer, axes: reduced, keepDims: keepDims)
    }
    if keepDims { return value(result, order: order) }
    let kept = order.indices.filter { !reduced.contains($0) }
    return value(result, order: order.compactMap { kept.firstIndex(of: $0) })
  }

  func softmax(_ x: KernelValue, axis: Int, logarithm: Bool) -> KernelValue {
    let (buffer, order) = stored(x)
    let place = order[axis < 0 ? axis + order.count : axis]
    return value(
      kernel { logarithm ? $0.logSoftmax(buffer, axis: place) : $0.softmax(buffer, axis: place) },
      order: order)
  }
}

extension Eltwise {
  /// The function of the same name; soft and hard shrinking are made of two others elsewhere.
  init(_ kind: UnaryKernel) {
    switch kind {
    case .relu: self = .relu
    case .leakyRelu(let slope): self = .leakyRelu(slope: slope)
    case .elu(let alpha): self = .elu(alpha: alpha)
    case .selu: self = .selu(alpha: 1.673_263_2, gamma: 1.050_701)
    case .celu(let alpha): self = .celu(alpha: alpha)
    case .sigmoid: self = .sigmoid
    case .hardSigmoid(let alpha, let beta): self = .hardSigmoid(alpha: alpha, beta: beta)
    case .hardSwish: self = .hardSwish
    case .swish: self = .swish(alpha: 1)
    case .mish: self = .mish
    case .tanh: self = .tanh
    case .softplus: self = .softplus
    case .softsign: self = .softsign
    case .geluErf: self = .gelu
    case .geluTanh: self = .geluTanh
    case .clip(let low, let high): self = .clip(min: low, max: high)
    case .exp: self = .exp
    case .log: self = .log
    case .sqrt: self = .sqrt
    case .abs: self = .abs
    case .negate: self = .negate
    case .reciprocal: self = .reciprocal
    case .erf: self = .erf
    case .floor: self = .floor
    case .ceil: self = .ceil
    case .round: self = .round
    case .sign: self = .sign
    case .sin: self = .sin
    case .cos: self = .cos
    case .linear(let scale, let shift): self = .linear(alpha: scale, beta: shift)
    case .thresholdedRelu(let alpha): self = .thresholdedRelu(alpha: alpha)
    case .softShrink, .hardShrink: preconditionFailure("\(kind) is no single function")
    }
  }
}

extension BinaryKind {
  init(_ kind: BinaryKernel) {
    switch kind {
    case .add: self = .add
    case .subtract: self = .subtract
    case .multiply: self = .multiply
    case .divide: self = .divide
    case .maximum: self = .maximum
    case .minimum: self = .minimum
    case .power: self = .power
    }
  }
}

extension ReductionKind {
  init(_ kind: ReductionKernel) {
    switch kind {
    case .mean: self = .mean
    case .sum: self = .sum
    case .maximum: self = .maximum
    case .minimum: self = .minimum
    case .product: self = .product
    case .l1: self = .l1
    case .l2: self = .l2
    }
  }
}
