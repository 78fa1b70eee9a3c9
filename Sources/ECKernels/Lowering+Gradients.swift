import CONEDNN

extension Lowering {
  mutating func lowerGradient(_ node: Node) throws(KernelError) {
    switch node.operation {
    case .convolutionData(let window, let groups):
      try lowerConvolutionData(node, window, groups: groups)
    case .convolutionWeights(let window, let groups):
      try lowerConvolutionWeights(node, window, groups: groups)
    case .poolingGradient(let kind, let window, let forward):
      try lowerPoolingGradient(node, kind, window, forward: forward)
    case .normalizationGradient(let epsilon, let usesBatch):
      try lowerNormalizationGradient(node, epsilon, usesBatch: usesBatch)
    case .eltwiseGradient(let function): try lowerEltwiseGradient(node, function)
    case .softmaxGradient(let axis, let log):
      try lowerSoftmaxGradient(node, axis: axis, logarithm: log)
    case .resizeLinearGradient: try lowerResizeGradient(node)
    case .binaryGradient(let kind, let operand):
      try lowerBinaryGradient(node, kind, operand: operand)
    case .scatterSum(let axis, let indices):
      try lowerScatterSum(node, axis: axis, indices: indices)
    case .expand: try lowerExpand(node)
    default: preconditionFailure("\(node.operation.name) is no gradient")
    }
  }

  /// A kernel that must exist.
  func needed(_ description: Description?, _ call: String) throws(KernelError)
    -> Description
  {
    guard let description else {
      throw KernelError(.library(call: call, status: "unimplemented"))
    }
    return description
  }

  /// A value and a gradient in one layout, that of either, so that few elements move.
  mutating func obtainAlike(
    _ value: Int, _ gradient: Int
  ) throws(KernelError) -> (Placement, Placement) {
    let lead = main(gradient)
    if let found = placements[value].first(where: { $0.layout == lead.layout }) {
      return (found, lead)
    }
    let own = main(value)
    return (own, try obtain(gradient, own.layout))
  }

  /// The forward kernel for which a gradient is described.
  private func forwardConvolution(
    _ x: [Int], _ weights: [Int], _ result: [Int], _ window: Window
  ) throws(KernelError) -> Description {
    var descriptor = dnnl_convolution_desc_t()
    var (source, kernel, output) = (
      try Layout.free(x).desc, try Layout.free(weights).desc, try Layout.free(result).desc
    )
    try check(
      dnnl_dilated_convolution_forward_desc_init(
        &descriptor, dnnl_forward_training, dnnl_convolution_direct, &source, &kernel, nil,
        &output, padded(window.strides), padded(window.dilations.map { $0 - 1 }),
        padded(window.padsBegin), padded(window.padsEnd)), "convolution")
    return try needed(describe(descriptor), "convolution")
  }

  /// The shape of weights with the groups as an axis of its own.
  private func grouped(_ dims: [Int], _ groups: Int) -> [Int] {
    groups > 1 ? [groups, dims[0] / groups] + dims[1...] : dims
  }

  private mutating func lowerConvolutionData(
    _ node: Node, _ window: Window, groups: Int
  ) throws(KernelError) {
    let (d, weights) = (node.inputs[0], node.inputs[1])
    let weightDims = grouped(shapes[weights], groups)
    let forward = try forwardConvolution(shapes[node.output], weightDims, shapes[d], window)
    var descriptor = dnnl_convolution_desc_t()
    var (source, kernel, result) = (
      try Layout.free(shapes[node.output]).desc, try Layout.free(weightDims).desc,
      try Layout.free(shapes[d]).desc
    )
    try check(
      dnnl_dilated_convolution_backward_data_desc_init(
        &descriptor, dnnl_convolution_direct, &source, &kernel, &result, padded(window.strides),
        padded(window.dilations.map { $0 - 1 }), padded(window.padsBegin),
        padded(window.padsEnd)), "convolution data gradient")
    let description = try needed(
      describe(descriptor, forward: forward), "convolution data gradient")
    let gradient = try obtain(d, description.layout(dnnl_query_diff_dst_md))
    let filter = try obtainWeights(weights, description.layout(dnnl_query_weights_md))
    let output = allocate(try description.layout(dnnl_query_diff_src_md))
    try addStep(
      "convolution data gradient", description,
      [
        (Argument.destinationGradient, gradient), (Argument.weights, filter),
        (Argument.sourceGradient, output),
      ])
    define(node.output, output)
  }

  private mutating func lowerConvolutionWeights(
    _ node: Node, _ window: Window, groups: Int
  ) throws(KernelError) {
    let (x, d) = (node.inputs[0], node.inputs[1])
    let weightDims = grouped(shapes[node.output], groups)
    let forward = try forwardConvolution(shapes[x], weightDims, shapes[d], window)
    var descriptor = dnnl_convolution_desc_t()
    var (source, kernel, result, shift) = (
      try Layout.free(shapes[x]).desc, try Layout.free(weightDims).desc,
      try Layout.free(shapes[d]).desc, try Layout.rowMajor([shapes[d][1]]).desc
    )
    let status = withUnsafePointer(to: &shift) { shift in
      dnnl_dilated_convolution_backward_weights_desc_init(
        &descriptor, dnnl_convolution_direct, &source, &kernel,
        node.extras.isEmpty ? nil : shift, &result, padded(window.strides),
        padded(window.dilations.map { $0 - 1 }), padded(window.padsBegin),
        padded(window.padsEnd))
    }
    try check(status, "convolution weights gradient")
    let description = try needed(
      describe(descriptor, forward: forward), "convolution weights gradient")
    let image = try obtain(x, description.layout(dnnl_query_src_md))
    let gradient = try obtain(d, description.layout(dnnl_query_diff_dst_md))
    var output = allocate(try description.layout(dnnl_query_diff_weights_md))
    var operands = [
      (Argument.source, image), (Argument.destinationGradient, gradient),
      (Argument.weightsGradient, output),
    ]
    if let bias = node.extras.first {
      let sums = allocate(try .rowMajor(shapes[bias]))
      operands.append((Argument.biasGradient, sums))
      define(bias, sums)
    }
    try addStep("convolution weights gradient", description, operands)
    if groups > 1 {
      // The axis of the groups is none of the value's.
      let plain = try Layout.rowMajor(weightDims)
      if output.layout != plain { output = try reordered(output, plain) }
      output.layout = try .rowMajor(shapes[node.output])
    }
    define(node.output, output)
  }

  private mutating func lowerPoolingGradient(
    _ node: Node, _ kind: PoolingKind, _ window: Window, forward: Int
  ) throws(KernelError) {
    guard let pool = pools[forward] else {
      return try lowerPoolingGradientLoop(node, kind, window)
    }
    let (inner, outer) = (
      try pool.description.layout(dnnl_query_src_md), try pool.description.layout(dnnl_query_dst_md)
    )
    var made: Description? = pool.description
    if kind != .max {
      made = try describePooling(kind, pool.window, inner, outer, isTraining: true)
    }
    var descriptor = dnnl_pooling_v2_desc_t()
    var (source, result) = (inner.desc, outer.desc)
    try check(
      dnnl_pooling_v2_backward_desc_init(
        &descriptor, kind.native, &source, &result, padded(pool.window.strides),
        padded(pool.window.size), padded(pool.window.dilations.map { $0 - 1 }),
        padded(pool.window.padsBegin), padded(pool.window.padsEnd)), "pooling gradient")
    let description = try needed(describe(descriptor, forward: made), "pooling gradient")
    let gradient = try obtain(node.inputs[0], outer)
    let output = allocate(inner)
    var operands = [
      (Argument.destinationGradient, gradient), (Argument.sourceGradient, output),
    ]
    if kind == .max { operands.append((Argument.workspace, main(node.inputs[1]))) }
    try addStep("pooling gradient", description, operands)
    define(node.output, output)
  }

  private mutating func lowerPoolingGradientLoop(
    _ node: Node, _ kind: PoolingKind, _ window: Window
  ) throws(KernelError) {
    let gradient = try obtainRowMajor(node.inputs[0])
    let image = try kind == .max ? obtainRowMajor(node.inputs[2]) : gradient
    let output = allocate(try .rowMajor(shapes[node.output]))
    let loop = PoolingLoop(
      kind: kind, window: window, input: output.layout.dims, output: gradient.layout.dims)
    addLoop("pooling gradient", [image, gradient, output]) { slots in
      loop.runBack(image.floats(slots), gradient.floats(slots), output.floats(slots))
    }
    define(node.output, output)
  }

  private mutating func lowerResizeGradient(_ node: Node) throws(KernelError) {
    let gradient = try obtainPlain(node.inputs[0])
    let axes = gradient.layout.order ?? Array(0..<gradient.layout.rank)
    let layout = try Layout(dims: shapes[node.output], axes: axes)
    var (forward, backward) = (dnnl_resampling_desc_t(), dnnl_resampling_desc_t())
    var (source, result) = (layout.desc, gradient.layout.desc)
    try check(
      dnnl_resampling_forward_desc_init(
        &forward, dnnl_forward_training, dnnl_resampling_linear, nil, &source, &result),
      "linear resize")
    try check(
      dnnl_resampling_backward_desc_init(
        &backward, dnnl_resampling_linear, nil, &source, &result), "linear resize gradient")
    let description = try needed(
      describe(backward, forward: describe(forward)), "linear resize gradient")
    let output = allocate(layout)
    try addStep(
      "resize gradient", description,
      [(Argument.destinationGradient, gradient), (Argument.sourceGradient, output)])
    define(node.output, output)
  }
}
