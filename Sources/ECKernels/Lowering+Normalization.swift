import CONEDNN

extension Lowering {
  mutating func lowerNormalization(
    _ node: Node, _ epsilon: Float, usesBatch: Bool
  ) throws(KernelError) {
    let input = main(node.inputs[0])
    let description = try describeNormalization(input.layout, epsilon, usesBatch: usesBatch)
    let output = allocate(input.layout)
    var operands = [
      (Argument.source, input), (Argument.destination, output),
      (Argument.scale, try obtainRowMajor(node.inputs[1])),
      (Argument.shift, try obtainRowMajor(node.inputs[2])),
    ]
    if usesBatch {
      for (argument, value) in zip([Argument.mean, Argument.variance], node.extras) {
        let statistic = allocate(try .rowMajor(shapes[value]))
        operands.append((argument, statistic))
        define(value, statistic)
      }
    } else {
      operands.append((Argument.mean, try obtainRowMajor(node.inputs[3])))
      operands.append((Argument.variance, try obtainRowMajor(node.inputs[4])))
    }
    try addStep("normalization", description, operands)
    define(node.output, output)
  }

  /// The forward kernel, which the gradient needs as well.
  private func describeNormalization(
    _ layout: Layout, _ epsilon: Float, usesBatch: Bool
  ) throws(KernelError) -> Description {
    var descriptor = dnnl_batch_normalization_desc_t()
    var desc = layout.desc
    try check(
      dnnl_batch_normalization_forward_desc_init(
        &descriptor, dnnl_forward_training, &desc, epsilon, flags(usesBatch: usesBatch)),
      "normalization")
    guard let description = try describe(descriptor) else {
      throw KernelError(.library(call: "normalization", status: "unimplemented"))
    }
    return description
  }

  private func flags(usesBatch: Bool) -> UInt32 {
    let parameters = UInt32(dnnl_use_scale.rawValue | dnnl_use_shift.rawValue)
    return usesBatch ? parameters : parameters | UInt32(dnnl_use_global_stats.rawValue)
  }

  mutating func lowerNormalizationGradient(
    _ node: Node, _ epsilon: Float, usesBatch: Bool
  ) throws(KernelError) {
    let input = main(node.inputs[0])
    let gradient = try obtain(node.inputs[1], input.layout)
    let forward = try describeNormalization(input.layout, epsilon, usesBatch: usesBatch)
    var descriptor = dnnl_batch_normalization_desc_t()
    var (data, other) = (input.layout.desc, input.layout.desc)
    try check(
      dnnl_batch_normalization_backward_desc_init(
        &descriptor, dnnl_backward, &data, &other, epsilon, flags(usesBatch: usesBatch)),
      "normalization gradient")
    guard let description = try describe(descriptor, forward: forward) else {
      throw KernelError(.library(call: "normalization gradient", status: "unimplemented"))
    }
    let output = isDying(gradient.slot) ? gradient : allocate(input.layout)
    let sums = [
      allocate(try .rowMajor(shapes[node.extras[0]])),
      allocate(try .rowMajor(shapes[node.extras[1]])),
    ]
    try addStep(
      "normalization gradient", description,
      [
        (Argument.source, input), (Argument.destinationGradient, gradient),
        (Argument.scale, try obtainRowMajor(node.inputs[2])),
        (Argument.shift, try obtainRowMajor(node.inputs[3])),
        (Argument.mean, try obtainRowMajor(node.inputs[4])),
        (Argument.variance, try obtainRowMajor(node.inputs[5])),
        (Argument.sourceGradient, output), (Argument.scaleGradient, sums[0]),
        (Argument.shiftGradient, sums[1]),
      ])
    define(node.output, output)
    for (value, sum) in zip(node.extras, sums) { define(value, sum) }
  }
}
