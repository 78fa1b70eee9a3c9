extension Differentiation {
  /// Adds the gradients by the operands of a forward kernel, `d` being that by its result.
  mutating func differentiate(_ index: Int, _ d: Buffer) {
    let node = node(index)
    let x = node.inputs[0]
    switch node.operation {
    case .convolution(let window, let groups): convolution(node, window, groups, d)
    case .innerProduct(let transposed): innerProduct(node, transposed: transposed, d)
    case .matrixProduct: matrixProduct(node, d)
    case .pooling(let kind, let window): pooling(index, kind, window, d)
    case .eltwise(let function): eltwise(node, function, d)
    case .binary(let kind): binary(node, kind, d)
    case .reduction(let kind, let axes): reduction(index, kind, axes, d)
    case .softmax(let axis, let log):
      let y = builder.buffer(node.output)
      add(builder.add(.softmaxGradient(axis: axis, logarithm: log), [y, d], d.dims), to: x)
    case .normalization(let epsilon, let usesBatch): normalization(node, epsilon, usesBatch, d)
    case .resizeLinear: add(builder.add(.resizeLinearGradient, [d], builder.shapes[x]), to: x)
    default: shape(node, d)
    }
  }

  private mutating func convolution(_ node: Node, _ window: Window, _ groups: Int, _ d: Buffer) {
    let (x, weights) = (builder.buffer(node.inputs[0]), builder.buffer(node.inputs[1]))
    let bias = node.inputs.count > 2 && needs(node.inputs[2]) ? node.inputs[2] : nil
    if needs(weights.id) || bias != nil {
      let made = builder.add(
        .convolutionWeights(window, groups: groups), [x, d], weights.dims,
        extras: bias == nil ? [] : [[d.dims[1]]])
      add(made.result, to: weights.id)
      if let bias, let sum = made.extras.first { add(sum, to: bias) }
    }
    if needs(x.id) {
      let gradient = builder.add(.convolutionData(window, groups: groups), [d, weights], x.dims)
      add(gradient, to: x.id)
    }
  }

  private mutating func innerProduct(_ node: Node, transposed: Bool, _ d: Buffer) {
    let (x, weights) = (builder.buffer(node.inputs[0]), builder.buffer(node.inputs[1]))
    if needs(weights.id) {
      let (left, right) = transposed ? (d, x) : (x, d)
      add(builder.matrixProduct(builder.transpose(left, [1, 0]), right), to: weights.id)
    }
    if node.inputs.count > 2, needs(node.inputs[2]) {
      add(builder.reduction(.sum, d, axes: [0], keepDims: false), to: node.inputs[2])
    }
    if needs(x.id) {
      let matrix = transposed ? weights : builder.transpose(weights, [1, 0])
      add(builder.matrixProduct(d, matrix), to: x.id)
    }
  }

  private mutating func matrixProduct(_ node: Node, _ d: Buffer) {
    let (a, b) = (builder.buffer(node.inputs[0]), builder.buffer(node.inputs[1]))
    let rank = d.dims.count
    let swapped = Array(0..<rank - 2) + [rank - 1, rank - 2]
    if needs(a.id) {
      add(builder.matrixProduct(d, builder.transpose(b, swapped)), broadcastFrom: a.id)
    }
    if needs(b.id) {
      add(builder.matrixProduct(builder.transpose(a, swapped), d), broadcastFrom: b.id)
    }
  }

  private mutating func pooling(
    _ index: Int, _ kind: PoolingKind, _ window: Window, _ d: Buffer
  ) {
    let node = node(index)
    let x = builder.buffer(node.inputs[0])
    var inputs = [d]
    if kind == .max { inputs += [makeWorkspace(index, .pooling(kind, window)), x] }
    let gradient = builder.add(
      .poolingGradient(kind, window, forward: node.output), inputs, x.dims)
    add(gradient, to: x.id)
  }

  private mutating func eltwise(_ node: Node, _ function: Eltwise, _ d: Buffer) {
    guard !function.isStaircase else { return }
    let known = builder.buffer(function.invertsResult ? node.output : node.inputs[0])
    add(builder.add(.eltwiseGradient(function), [known, d], d.dims), to: node.inputs[0])
  }

  private mutating func binary(_ node: Node, _ kind: BinaryKind, _ d: Buffer) {
    let (a, b) = (builder.buffer(node.inputs[0]), builder.buffer(node.inputs[1]))
    for (position, operand) in [a, b].enumerated() where needs(operand.id) {
      let gradient: Buffer =
        switch (kind, position) {
        case (.add, _), (.subtract, 0): d
        case (.subtract, _): builder.eltwise(.negate, d)
        case (.multiply, _): builder.binary(.multiply, d, position == 0 ? b : a)
        case (.divide, 0): builder.binary(.divide, d, b)
        case (.divide, _):
          builder.binary(
            .divide,
            builder.eltwise(
              .negate, builder.binary(.multiply, d, builder.buffer(node.output))), b)
        default: builder.add(.binaryGradient(kind, operand: position), [a, b, d], d.dims)
        }
      add(gradient, broadcastFrom: operand.id)
    }
  }

  private mutating func reduction(
    _ index: Int, _ kind: ReductionKind, _ axes: [Int], _ d: Buffer
  ) {
    let node = node(index)
    let (x, y) = (builder.buffer(node.inputs[0]), builder.buffer(node.output))
    let count = Float(x.count / max(d.count, 1))
    let isPicture = (3...5).contains(x.dims.count) && axes == Array(2..<x.dims.count)
    if isPicture, kind == .mean || kind == .maximum {
      let window = Window(whole: Array(x.dims[2...]))
      return pooling(index, kind == .mean ? .averageExcludingPadding : .max, window, d)
    }
    let gradient: Buffer
    switch kind {
    case .sum: gradient = expanded(d, x.dims)
    case .mean: gradient = expanded(builder.eltwise(.linear(alpha: 1 / count, beta: 0), d), x.dims)
    case .maximum, .minimum:
      // Equal extremes share the gradient.
      let isExtreme = builder.eltwise(
        .linear(alpha: -1, beta: 1), builder.eltwise(.isNonzero, builder.binary(.subtract, x, y)))
      let sharers = builder.reduction(.sum, isExtreme, axes: axes, keepDims: true)
      gradient = builder.binary(.multiply, isExtreme, builder.binary(.divide, d, sharers))
    case .l1: gradient = builder.binary(.multiply, builder.eltwise(.sign, x), d)
    case .l2:
      // Where all is 0 there is no slope; 0 is taken, as x is 0 there.
      let isZero = builder.eltwise(.linear(alpha: -1, beta: 1), builder.eltwise(.isNonzero, y))
      let length = builder.binary(.add, y, isZero)
      gradient = builder.binary(.multiply, x, builder.binary(.divide, d, length))
    case .sumOfSquares:
      gradient = builder.binary(.multiply, x, builder.eltwise(.linear(alpha: 2, beta: 0), d))
    case .logSumExp:
      gradient = builder.binary(
        .multiply, builder.eltwise(.exp, builder.binary(.subtract, x, y)), d)
    case .product, .logSum: preconditionFailure("\(kind) was refused before")
    }
    add(gradient, to: x.id)
  }

  private mutating func expanded(_ d: Buffer, _ dims: [Int]) -> Buffer {
    d.dims == dims ? d : builder.add(.expand, [d], dims)
  }

  private mutating func normalization(
    _ node: Node, _ epsilon: Float, _ usesBatch: Bool, _ d: Buffer
  ) {
    let inputs = node.inputs.map { builder.buffer($0) }
    let statistics = usesBatch ? node.extras.map { builder.buffer($0) } : Array(inputs[3...])
    let channels = inputs[1].dims
    let made = builder.add(
      .normalizationGradient(epsilon: epsilon, usesBatch: usesBatch),
      [inputs[0], d, inputs[1], inputs[2]] + statistics, d.dims, extras: [channels, channels])
    for (value, gradient) in zip(node.inputs, [made.result] + made.extras) {
      add(gradient, to: value)
    }
  }

  private mutating func shape(_ node: Node, _ d: Buffer) {
    let x = builder.buffer(node.inputs[0])
    switch node.operation {
    case .reshape: add(builder.reshape(d, x.dims), to: x.id)
    case .transpose(let permutation):
      var inverse = permutation
      for (new, old) in permutation.enumerated() { inverse[old] = new }
      add(builder.transpose(d, inverse), to: x.id)
    case .concat(let axis):
      var starts = [Int](repeating: 0, count: d.dims.count)
      for value in node.inputs {
        let part = builder.shapes[value]
        let ends = zip(starts, part).map(+)
        if needs(value) { add(builder.slice(d, starts: starts, ends: ends), to: value) }
        starts[axis] += part[axis]
      }
    case .slice(let starts, let steps):
      var gradient = d
      for axis in starts.indices where gradient.dims[axis] != x.dims[axis] {
        let indices = (0..<d.dims[axis]).map { starts[axis] + $0 * steps[axis] }
        gradient = scattered(gradient, axis, indices, x.dims[axis])
      }
      add(gradient, to: x.id)
    case .pad(let begin, _):
      add(builder.slice(d, starts: begin, ends: zip(begin, x.dims).map(+)), to: x.id)
    case .gather(let axis, let indices):
      add(scattered(d, axis, indices, x.dims[axis]), to: x.id)
    default: preconditionFailure("\(node.operation.name) has no gradient")
    }
  }

  private mutating func scattered(
    _ d: Buffer, _ axis: Int, _ indices: [Int], _ length: Int
  ) -> Buffer {
    var dims = d.dims
    dims[axis] = length
    return builder.add(.scatterSum(axis: axis, indices: indices), [d], dims)
  }
}

extension Window {
  /// The window that sees a whole picture at once.
  init(whole size: [Int]) {
    let (ones, zeros) = (size.map { _ in 1 }, size.map { _ in 0 })
    self.init(size: size, strides: ones, dilations: ones, padsBegin: zeros, padsEnd: zeros)
  }
}
