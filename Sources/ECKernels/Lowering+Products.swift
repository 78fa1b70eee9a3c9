import CONEDNN

extension Lowering {
  mutating func lowerInnerProduct(_ node: Node, transposed: Bool) throws(KernelError) {
    let (x, weights) = (node.inputs[0], node.inputs[1])
    let bias = node.inputs.count > 2 ? node.inputs[2] : nil
    let n = shapes[node.output][1]
    // The library's weights are `[n, k]`.
    let weightDims = transposed ? shapes[weights] : shapes[weights].reversed()
    func descriptor(
      _ matrix: Layout, _ factors: dnnl_data_type_t = dnnl_f32
    ) throws(KernelError) -> dnnl_inner_product_desc_t {
      var descriptor = dnnl_inner_product_desc_t()
      var (source, result) = (
        try Layout.free(shapes[x], factors).desc, try Layout.free(shapes[node.output]).desc
      )
      var (matrix, shift) = (matrix.desc, try Layout.rowMajor([n]).desc)
      let status = withUnsafePointer(to: &shift) { shift in
        dnnl_inner_product_forward_desc_init(
          &descriptor, dnnl_forward_inference, &source, &matrix, bias == nil ? nil : shift,
          &result)
      }
      try check(status, "inner product")
      return descriptor
    }
    var chosen: (description: Description, isFused: Bool)?
    if usesBFloat16,
      let fast = try describeFast(descriptor(.free(weightDims, dnnl_bf16), dnnl_bf16), node)
    {
      chosen = (fast, true)
    }
    if chosen == nil, let given = largeConstant(weights) {
      let layout = transposed ? given : try given.transposed([1, 0])
      chosen = try describeFused(descriptor(layout), node, name: "inner product")
      if chosen?.description.isReference == true { chosen = nil }
    }
    if chosen == nil {
      chosen = try describeFused(
        descriptor(.free(weightDims)), node, name: "inner product")
    }
    guard let (description, isFused) = chosen else { return }
    let input = try obtain(x, description.layout(dnnl_query_src_md))
    let wanted = try description.layout(dnnl_query_weights_md)
    var filter = try obtain(weights, transposed ? wanted : wanted.transposed([1, 0]))
    filter.layout = wanted
    let output = try destination(node, description.layout(dnnl_query_dst_md), isFused: isFused)
    var operands = [
      (Argument.source, input), (Argument.weights, filter), (Argument.destination, output),
    ]
    if let bias { operands.append((Argument.bias, try obtainRowMajor(bias))) }
    try addStep("inner product", description, operands)
    try finish(node, output, isFused: isFused)
  }

  /// The layout of a constant so large that a copy in another layout would cost more than it gains.
  private func largeConstant(_ value: Int) -> Layout? {
    let given = main(value)
    guard case .constant = slots[given.slot].kind, given.layout.isPlainDense,
      given.layout.byteCount >= 32 << 20
    else { return nil }
    return given.layout
  }

  mutating func lowerMatrixProduct(_ node: Node) throws(KernelError) {
    let left = try obtainMatrices(node.inputs[0])
    let right = try obtainMatrices(node.inputs[1])
    let layout = try Layout.rowMajor(shapes[node.output])
    var descriptor = dnnl_matmul_desc_t()
    var (source, matrix, result) = (left.layout.desc, right.layout.desc, layout.desc)
    try check(
      dnnl_matmul_desc_init(&descriptor, &source, &matrix, nil, &result), "matrix product")
    let (description, isFused) = try describeFused(descriptor, node, name: "matrix product")
    let output = allocate(layout)
    try addStep(
      "matrix product", description,
      [(Argument.source, left), (Argument.weights, right), (Argument.destination, output)])
    try finish(node, output, isFused: isFused)
  }

  /// Matrices in row-major order, or transposed, which the library reads as well.
  private mutating func obtainMatrices(_ value: Int) throws(KernelError) -> Placement {
    let rank = shapes[value].count
    let axes = Array(0..<rank - 2) + [rank - 1, rank - 2]
    let (plain, swapped) = (
      try Layout.rowMajor(shapes[value]), try Layout(dims: shapes[value], axes: axes)
    )
    let found = placements[value].first { $0.layout == plain || $0.layout == swapped }
    if let found { return found }
    return try obtainRowMajor(value)
  }
}
