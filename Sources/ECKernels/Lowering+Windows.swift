import CONEDNN

extension Lowering {
  mutating func lowerConvolution(
    _ node: Node, _ window: Window, groups: Int
  ) throws(KernelError) {
    let (x, weights) = (node.inputs[0], node.inputs[1])
    let bias = node.inputs.count > 2 ? node.inputs[2] : nil
    var weightDims = shapes[weights]
    if groups > 1 { weightDims = [groups, weightDims[0] / groups] + weightDims[1...] }
    func descriptor(
      _ algorithm: dnnl_alg_kind_t, _ image: Layout, _ factors: dnnl_data_type_t = dnnl_f32
    ) throws(KernelError) -> dnnl_convolution_desc_t {
      var descriptor = dnnl_convolution_desc_t()
      var (source, result) = (image.desc, try Layout.free(shapes[node.output]).desc)
      var (kernel, shift) = (
        try Layout.free(weightDims, factors).desc,
        try Layout.rowMajor([shapes[node.output][1]]).desc
      )
      let status = withUnsafePointer(to: &shift) { shift in
        dnnl_dilated_convolution_forward_desc_init(
          &descriptor, propagation, algorithm, &source, &kernel,
          bias == nil ? nil : shift, &result, padded(window.strides),
          padded(window.dilations.map { $0 - 1 }), padded(window.padsBegin),
          padded(window.padsEnd))
      }
      try check(status, "convolution")
      return descriptor
    }
    let free = try Layout.free(shapes[x])
    var (made, isFused) = (Description?.none, true)
    if usesBFloat16, groups == 1 {
      made = try describeFast(
        descriptor(dnnl_convolution_direct, .free(shapes[x], dnnl_bf16), dnnl_bf16), node)
    }
    // Backward needs the direct form.
    if made == nil, propagation == dnnl_forward_inference,
      prefersWinograd(node, window, groups: groups)
    {
      made = try describe(descriptor(dnnl_convolution_winograd, free), stages(of: node))
    }
    // What comes in blocks stays so: both forms are equally fast, a reorder costs.
    if made == nil, groups == 1, main(x).layout.strides == nil {
      made = try describeFast(descriptor(dnnl_convolution_direct, main(x).layout), node)
    }
    if made == nil {
      let choice = try describeFused(
        descriptor(dnnl_convolution_direct, free), node, name: "convolution")
      (made, isFused) = (choice.0, choice.isFused)
    }
    guard let description = made else { return }
    let input = try obtain(x, description.layout(dnnl_query_src_md))
    let filter = try obtainWeights(weights, description.layout(dnnl_query_weights_md))
    let output = try destination(
      node, try description.layout(dnnl_query_dst_md), isFused: isFused)
    var operands = [
      (Argument.source, input), (Argument.weights, filter), (Argument.destination, output),
    ]
    if let bias { operands.append((Argument.bias, try obtainRowMajor(bias))) }
    try addStep("convolution", description, operands)
    try finish(node, output, isFused: isFused)
  }

  /// Whether a convolution is cheaper by Winograd's transformation, as measured with AVX-512: half the
  /// time for large images, a fifth less at 14 x 14. Its results are as exact as the direct ones;
  /// its weights take 16/9 to 4 times the memory.
  private func prefersWinograd(_ node: Node, _ window: Window, groups: Int) -> Bool {
    let output = shapes[node.output]
    return groups == 1 && window.size == [3, 3] && window.strides == [1, 1]
      && window.dilations == [1, 1] && (window.padsBegin + window.padsEnd).allSatisfy { $0 <= 1 }
      && shapes[node.inputs[0]][1] >= 32 && output[1] >= 32
      && output[0] * output[2] * output[3] >= 196
  }

  /// Weights in a layout that may have the groups as an axis of its own.
  mutating func obtainWeights(
    _ value: Int, _ layout: Layout
  ) throws(KernelError) -> Placement {
    if layout.rank == shapes[value].count { return try obtain(value, layout) }
    var source = main(value)
    if let split = source.layout.reshaped(layout.dims) {
      source.layout = split
    } else {
      source = try obtainRowMajor(value)
      source.layout = try .rowMajor(layout.dims)
    }
    return source.layout == layout ? source : try reordered(source, layout)
  }

  /// The fused stages as the library takes them.
  private func stages(of node: Node) -> [PostOp] {
    node.fused.flatMap { stage -> [PostOp] in
      switch stage {
      case .eltwise(let functions): functions.map { .eltwise($0) }
      case .sum: [.sum]
      }
    }
  }

  /// Chooses a fast implementation with the fused stages in it, or gives nil where there is none.
  func describeFast<D>(_ descriptor: D, _ node: Node) throws(KernelError) -> Description? {
    let made = try describe(descriptor, stages(of: node))
    return made?.isReference == true ? nil : made
  }

  /// Chooses an implementation with the fused stages in it, or, where that is worse, without.
  func describeFused<D>(
    _ descriptor: D, _ node: Node, name: String
  ) throws(KernelError) -> (Description, isFused: Bool) {
    let stages = stages(of: node)
    let fused = try describe(descriptor, stages)
    if let fused, stages.isEmpty || !fused.isReference { return (fused, true) }
    if let plain = try describe(descriptor), fused == nil || !plain.isReference {
      return (plain, stages.isEmpty)
    }
    guard let fused else { throw KernelError(.library(call: name, status: "unimplemented")) }
    return (fused, true)
  }

  /// Memory for a result, holding the addend where one is fused.
  mutating func destination(
    _ node: Node, _ layout: Layout, isFused: Bool
  ) throws(KernelError) -> Placement {
    guard isFused else { return allocate(layout) }
    for stage in node.fused {
      guard case .sum(let addend) = stage else { continue }
      let there = placements[addend].first { placement in
        placement.layout == layout && isDying(placement.slot)
          && !node.inputs.contains { occupies($0, placement.slot) }
      }
      if let there { return there }
      let copy = allocate(layout)
      try addReorder(from: main(addend), to: copy)
      return copy
    }
    return allocate(layout)
  }

  /// Applies what couldn't be fused and records the result.
  mutating func finish(_ node: Node, _ made: Placement, isFused: Bool) throws(KernelError) {
    var result = made
    if !isFused {
      for stage in node.fused {
        switch stage {
        case .eltwise(let functions): try addEltwise(functions, from: result, to: result)
        case .sum(let value):
          result = try addBinary(.add, result, overwrite: true, value, isSwapped: false)
        }
      }
    }
    define(node.output, result)
  }

  mutating func lowerPooling(
    _ node: Node, _ kind: PoolingKind, _ window: Window
  ) throws(KernelError) {
    let input = main(node.inputs[0])
    let spatial = Array(shapes[node.output][2...])
    var reach = window
    var isBeyondPadding = false
    for axis in spatial.indices
    where window.positions(axis, of: input.layout.dims[axis + 2]) != spatial[axis] {
      let needed = (spatial[axis] - 1) * window.strides[axis] + window.extent(axis)
      reach.padsEnd[axis] = needed - input.layout.dims[axis + 2] - window.padsBegin[axis]
      isBeyondPadding = isBeyondPadding || reach.padsEnd[axis] > window.padsEnd[axis]
    }
    // A gradient needs to know which element was the largest.
    let workspace = node.extras.first
    let described = try describePooling(
      kind, reach, input.layout, .free(shapes[node.output]), isTraining: workspace != nil)
    let isCountedWrong = kind == .averageIncludingPadding && isBeyondPadding
    guard !isCountedWrong, let description = described else {
      return try lowerPoolingLoop(node, kind, window)
    }
    let output = allocate(try description.layout(dnnl_query_dst_md))
    var operands = [(Argument.source, input), (Argument.destination, output)]
    if let workspace {
      let indices = allocate(try description.layout(dnnl_query_workspace_md))
      operands.append((Argument.workspace, indices))
      define(workspace, indices)
    }
    try addStep("pooling", description, operands)
    pools[node.output] = Pool(description: description, window: reach)
    define(node.output, output)
  }

  /// Chooses a pooling, or gives nil where the library has none.
  func describePooling(
    _ kind: PoolingKind, _ window: Window, _ source: Layout, _ result: Layout, isTraining: Bool
  ) throws(KernelError) -> Description? {
    var descriptor = dnnl_pooling_v2_desc_t()
    var (source, result) = (source.desc, result.desc)
    let status = dnnl_pooling_v2_forward_desc_init(
      &descriptor, isTraining ? dnnl_forward_training : dnnl_forward_inference, kind.native,
      &source, &result, padded(window.strides), padded(window.size),
      padded(window.dilations.map { $0 - 1 }), padded(window.padsBegin), padded(window.padsEnd))
    return status == dnnl_success ? try describe(descriptor) : nil
  }

  private mutating func lowerPoolingLoop(
    _ node: Node, _ kind: PoolingKind, _ window: Window
  ) throws(KernelError) {
    let input = try obtainRowMajor(node.inputs[0])
    let output = allocate(try .rowMajor(shapes[node.output]))
    let loop = PoolingLoop(
      kind: kind, window: window, input: input.layout.dims, output: output.layout.dims)
    addLoop("pooling", [input, output]) { slots in
      loop.run(input.floats(slots), output.floats(slots))
    }
    define(node.output, output)
  }

  mutating func lowerResize(_ node: Node) throws(KernelError) {
    var input = main(node.inputs[0])
    if !input.layout.isPlainDense { input = try obtainPlain(node.inputs[0]) }
    let axes = input.layout.order ?? Array(0..<input.layout.rank)
    let layout = try Layout(dims: shapes[node.output], axes: axes)
    var descriptor = dnnl_resampling_desc_t()
    var (source, result) = (input.layout.desc, layout.desc)
    try check(
      dnnl_resampling_forward_desc_init(
        &descriptor, dnnl_forward_inference, dnnl_resampling_linear, nil, &source, &result),
      "linear resize")
    guard let description = try describe(descriptor) else {
      throw KernelError(.library(call: "linear resize", status: "unimplemented"))
    }
    let output = allocate(layout)
    try addStep(
      "resize", description, [(Argument.source, input), (Argument.destination, output)])
    define(node.output, output)
  }
}
