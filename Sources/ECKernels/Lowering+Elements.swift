import CONEDNN

extension Lowering {
  mutating func lowerEltwise(_ node: Node, _ function: Eltwise) throws(KernelError) {
    let x = node.inputs[0]
    var input = main(x)
    if let native = function.native {
      let output = isDying(input.slot) ? input : allocate(input.layout)
      try addEltwise(native, from: input, to: output)
      define(node.output, output)
      return
    }
    // The order of elements doesn't matter as long as there are no gaps.
    if !input.layout.isDense { input = try obtainRowMajor(x) }
    let output = isDying(input.slot) ? input : allocate(input.layout)
    let (source, count) = (input, input.layout.count)
    addLoop("eltwise", [source, output]) { slots in
      let values = UnsafeMutableBufferPointer(start: output.floats(slots), count: count)
      if source.slot != output.slot {
        let former = UnsafeBufferPointer(start: source.floats(slots), count: count)
        _ = values.update(fromContentsOf: former)
      }
      function.apply(to: values)
    }
    define(node.output, output)
  }

  /// Applies functions one after the other; the result may be the operand's own memory.
  mutating func addEltwise(
    _ functions: [NativeEltwise], from input: Placement, to output: Placement
  ) throws(KernelError) {
    var source = input
    for function in functions {
      var descriptor = dnnl_eltwise_desc_t()
      var desc = source.layout.desc
      try check(
        dnnl_eltwise_forward_desc_init(
          &descriptor, dnnl_forward_inference, function.kind, &desc, function.alpha,
          function.beta), "eltwise")
      guard let description = try describe(descriptor) else {
        throw KernelError(.library(call: "eltwise", status: "unimplemented"))
      }
      try addStep(
        "eltwise", description, [(Argument.source, source), (Argument.destination, output)])
      source = output
    }
  }

  mutating func lowerBinary(_ node: Node, _ kind: BinaryKind) throws(KernelError) {
    var (a, b) = (node.inputs[0], node.inputs[1])
    let dims = shapes[node.output]
    var isSwapped = false
    // The library broadcasts its second operand.
    if shapes[a] != dims, shapes[b] == dims {
      swap(&a, &b)
      isSwapped = true
    }
    if shapes[a] == dims {
      let lead = main(a)
      let overwrite = isDying(lead.slot) && !occupies(b, lead.slot)
      let result = try addBinary(kind, lead, overwrite: overwrite, b, isSwapped: isSwapped)
      return try finish(node, result, isFused: false)
    }
    let (left, right) = (try obtainPlain(a), try obtainPlain(b))
    let output = allocate(try .rowMajor(dims))
    addBinaryLoop(kind, left, right, output)
    try finish(node, output, isFused: false)
  }

  /// Combines a placed operand that has the result's shape with a value of that shape or broadcast.
  ///
  /// - Parameters:
  ///   - overwrite: Whether the result may take the operand's memory.
  ///   - isSwapped: Whether the placed operand is the second one of the function.
  mutating func addBinary(
    _ kind: BinaryKind, _ lead: Placement, overwrite: Bool, _ other: Int, isSwapped: Bool
  ) throws(KernelError) -> Placement {
    if let native = kind.native, !isSwapped || kind.isCommutative {
      var descriptor = dnnl_binary_desc_t()
      let isBroadcast = shapes[other] != lead.layout.dims
      var first = lead.layout.desc
      var second = isBroadcast ? try lead.layout.broadcast(shapes[other]).desc : first
      var result = first
      let status = dnnl_binary_desc_init(&descriptor, native, &first, &second, &result)
      if status == dnnl_success, let description = try describe(descriptor),
        !description.isReference
      {
        let operand = try obtain(other, description.layout(dnnl_query_src_md, 1))
        let output = overwrite ? lead : allocate(lead.layout)
        try addStep(
          "binary", description,
          [
            (Argument.source, lead), (Argument.second, operand), (Argument.destination, output),
          ])
        return output
      }
    }
    var plain = lead
    if !lead.layout.isPlainDense { plain = try reordered(lead, .rowMajor(lead.layout.dims)) }
    let operand = try obtainPlain(other)
    let output = overwrite && plain.slot == lead.slot ? lead : allocate(plain.layout)
    addBinaryLoop(kind, isSwapped ? operand : plain, isSwapped ? plain : operand, output)
    return output
  }

  private mutating func addBinaryLoop(
    _ kind: BinaryKind, _ a: Placement, _ b: Placement, _ output: Placement
  ) {
    let loop = BroadcastLoop(a.layout, b.layout, output.layout)
    addLoop("binary \(kind)", [a, b, output]) { slots in
      loop.run(kind, a.floats(slots), b.floats(slots), output.floats(slots))
    }
  }

  mutating func lowerReduction(
    _ node: Node, _ kind: ReductionKind, _ axes: [Int]
  ) throws(KernelError) {
    let x = node.inputs[0]
    let rank = shapes[x].count
    if (3...5).contains(rank), axes == Array(2..<rank), kind == .mean || kind == .maximum {
      let window = Window(whole: Array(shapes[x][2...]))
      return try lowerPooling(node, kind == .mean ? .averageExcludingPadding : .max, window)
    }
    let input = try obtainPlain(x)
    let order = input.layout.order ?? Array(0..<rank)
    let output = allocate(try Layout(dims: shapes[node.output], axes: order))
    let loop = ReductionLoop(kind, input.layout, axes: axes, output.layout)
    addLoop("reduction \(kind)", [input, output]) { slots in
      loop.run(input.floats(slots), output.floats(slots))
    }
    define(node.output, output)
  }

  mutating func lowerSoftmax(_ node: Node, axis: Int, logarithm: Bool) throws(KernelError) {
    let input = try obtainPlain(node.inputs[0])
    var descriptor = dnnl_softmax_v2_desc_t()
    var (source, result) = (input.layout.desc, input.layout.desc)
    try check(
      dnnl_softmax_v2_forward_desc_init(
        &descriptor, dnnl_forward_inference,
        logarithm ? dnnl_softmax_log : dnnl_softmax_accurate, &source, &result, Int32(axis)),
      "softmax")
    guard let description = try describe(descriptor) else {
      throw KernelError(.library(call: "softmax", status: "unimplemented"))
    }
    let output = allocate(input.layout)
    try addStep(
      "softmax", description, [(Argument.source, input), (Argument.destination, output)])
    define(node.output, output)
  }
}
