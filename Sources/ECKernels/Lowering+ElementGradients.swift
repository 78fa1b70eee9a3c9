import CONEDNN

extension Lowering {
  mutating func lowerEltwiseGradient(
    _ node: Node, _ function: Eltwise
  ) throws(KernelError) {
    var (known, gradient) = try obtainAlike(node.inputs[0], node.inputs[1])
    guard let native = function.nativeGradient else {
      if !known.layout.isDense {
        known = try obtainRowMajor(node.inputs[0])
        gradient = try obtainRowMajor(node.inputs[1])
      }
      let (x, d, count) = (known, gradient, known.layout.count)
      let output = allocate(known.layout)
      addLoop("eltwise gradient", [x, d, output]) { slots in
        function.applyGradient(
          UnsafeBufferPointer(start: x.floats(slots), count: count), d.floats(slots),
          output.floats(slots))
      }
      return define(node.output, output)
    }
    let output = isDying(gradient.slot) ? gradient : allocate(gradient.layout)
    var (forward, backward) = (dnnl_eltwise_desc_t(), dnnl_eltwise_desc_t())
    var desc = known.layout.desc
    try check(
      dnnl_eltwise_forward_desc_init(
        &forward, dnnl_forward_training, native.kind, &desc, native.alpha, native.beta),
      "eltwise")
    try check(
      dnnl_eltwise_backward_desc_init(
        &backward, native.kind, &desc, &desc, native.alpha, native.beta), "eltwise gradient")
    let description = try needed(
      describe(backward, forward: describe(forward)), "eltwise gradient")
    try addStep(
      "eltwise gradient", description,
      [
        (function.invertsResult ? Argument.destination : Argument.source, known),
        (Argument.destinationGradient, gradient), (Argument.sourceGradient, output),
      ])
    define(node.output, output)
  }

  mutating func lowerSoftmaxGradient(
    _ node: Node, axis: Int, logarithm: Bool
  ) throws(KernelError) {
    let known = try obtainPlain(node.inputs[0])
    let gradient = try obtain(node.inputs[1], known.layout)
    let kind = logarithm ? dnnl_softmax_log : dnnl_softmax_accurate
    var (forward, backward) = (dnnl_softmax_v2_desc_t(), dnnl_softmax_v2_desc_t())
    var desc = known.layout.desc
    var copy = desc
    try check(
      dnnl_softmax_v2_forward_desc_init(
        &forward, dnnl_forward_training, kind, &desc, &copy, Int32(axis)), "softmax")
    var third = desc
    try check(
      dnnl_softmax_v2_backward_desc_init(&backward, kind, &desc, &copy, &third, Int32(axis)),
      "softmax gradient")
    let description = try needed(
      describe(backward, forward: describe(forward)), "softmax gradient")
    let output = allocate(known.layout)
    try addStep(
      "softmax gradient", description,
      [
        (Argument.destination, known), (Argument.destinationGradient, gradient),
        (Argument.sourceGradient, output),
      ])
    define(node.output, output)
  }

  mutating func lowerBinaryGradient(
    _ node: Node, _ kind: BinaryKind, operand: Int
  ) throws(KernelError) {
    let (a, b) = (try obtainPlain(node.inputs[0]), try obtainPlain(node.inputs[1]))
    let gradient = try obtainPlain(node.inputs[2])
    let output = allocate(gradient.layout)
    let loop = BroadcastLoop(a.layout, b.layout, output.layout)
    let count = output.layout.count
    addLoop("binary gradient", [a, b, gradient, output]) { slots in
      let (d, result) = (gradient.floats(slots), output.floats(slots))
      loop.runPartial(kind, operand: operand, a.floats(slots), b.floats(slots), result)
      for i in 0..<count { result[i] *= d[i] }
    }
    define(node.output, output)
  }

  // MARK: Shapes

  mutating func lowerScatterSum(
    _ node: Node, axis: Int, indices: [Int]
  ) throws(KernelError) {
    let source = try obtainPlain(node.inputs[0])
    let dims = shapes[node.output]
    let order = source.layout.order ?? Array(dims.indices)
    let output = allocate(try Layout(dims: dims, axes: order))
    let position = order.firstIndex(of: axis) ?? 0
    let outer = order[..<position].map { dims[$0] }.reduce(1, *)
    let inner = order[(position + 1)...].map { dims[$0] }.reduce(1, *)
    let (length, count) = (dims[axis], output.layout.count)
    addLoop("scatter", [source, output]) { slots in
      var from = source.floats(slots)
      let to = output.floats(slots)
      to.update(repeating: 0, count: count)
      for block in 0..<outer {
        for index in indices {
          let row = to + (block * length + index) * inner
          for i in 0..<inner { row[i] += from[i] }
          from += inner
        }
      }
    }
    define(node.output, output)
  }

  mutating func lowerExpand(_ node: Node) throws(KernelError) {
    let source = try obtainPlain(node.inputs[0])
    let axes = source.layout.order ?? Array(shapes[node.output].indices)
    let output = allocate(try Layout(dims: shapes[node.output], axes: axes))
    let loop = BroadcastLoop(source.layout, source.layout, output.layout)
    addLoop("expand", [source, output]) { slots in
      let values = source.floats(slots)
      loop.walk(values, values, output.floats(slots)) { value, _ in value }
    }
    define(node.output, output)
  }
}
