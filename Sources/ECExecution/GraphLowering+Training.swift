import ECGraph
import ECKernels
import ECTensor

extension GraphLowering {
  func normalization(
    _ x: KernelValue, _ operands: NormalizationOperands, epsilon: Double, axis: Int
  ) -> KernelValue? {
    guard case .training(let usesBatch) = mode else { return nil }
    let parameters = [operands.scale, operands.shift]
    guard usesBatch || parameters.contains(where: { tensor($0) == nil }) else { return nil }
    let rank = x.shape.count
    // The kernel has its channels at axis 1.
    var order = stored(x).order
    if rank > 1, let other = order.firstIndex(of: 1) { order.swapAt(axis, other) }
    let image = order == stored(x).order ? stored(x).buffer : arranged(x, order)
    let (scale, shift) = (vector(operands.scale), vector(operands.shift))
    let stored = usesBatch ? nil : (vector(operands.mean), vector(operands.variance))
    var mean = image
    var variance = image
    let result = kernel { program in
      let made = program.normalization(
        image, scale: scale, shift: shift, statistics: stored, epsilon: Float(epsilon))
      (mean, variance) = (made.mean, made.variance)
      return made.result
    }
    if usesBatch {
      normalizations.append(
        BatchNormalization(
          operands: operands, mean: mean, variance: variance,
          sampleCount: image.count / max(scale.count, 1)))
    }
    return value(result, order: order)
  }

  /// Adds the mean cross entropy of logits `[n, k]` with targets whose rows carry their weight.
  ///
  /// - Parameter soft: Further targets, compared with the logits divided by `temperature`.
  func crossEntropy(
    _ logits: Buffer, _ targets: Buffer, soft: Buffer?, temperature: Float
  ) -> Buffer {
    kernel { program in
      let hard = program.binary(.multiply, targets, program.logSoftmax(logits, axis: 1))
      var sum = program.reduction(.sum, hard, axes: [], keepDims: false)
      if let soft {
        let cooled = program.eltwise(.linear(alpha: 1 / temperature, beta: 0), logits)
        let other = program.binary(.multiply, soft, program.logSoftmax(cooled, axis: 1))
        sum = program.binary(
          .add, sum, program.reduction(.sum, other, axes: [], keepDims: false))
      }
      return program.eltwise(.negate, sum)
    }
  }

  /// The gradients of a loss by values, in the values' own order of axes.
  func gradients(
    of loss: Buffer, by values: [KernelValue]
  ) throws(KernelError) -> [KernelValue?] {
    let forms = values.map { stored($0) }
    let found = try differentiate(loss, forms.map(\.buffer))
    return zip(forms, found).map { form, gradient in
      gradient.map { value($0, order: form.order) }
    }
  }
}

extension GraphLowering {
  /// The argument of the softmax that ends a graph, or the output itself, as `[batch, classes]`.
  func logits(_ output: KernelValue, batch: Int) -> Buffer {
    let rows = plain(output)
    return kernel { program in
      let logits = program.logits(of: rows)
      return program.reshape(logits, [batch, logits.count / max(batch, 1)])
    }
  }

  /// Adds targets as inputs, and loss, logits and the gradients by constants as outputs.
  /// - Returns: The gradients by all values asked for.
  func addLoss(
    _ logits: Buffer, _ values: [KernelValue], temperature: Float?, weightCount: Int
  ) throws(KernelError) -> [KernelValue?] {
    let targets = stored(input(logits.dims)).buffer
    let soft = temperature.map { _ in stored(input(logits.dims)).buffer }
    let loss = crossEntropy(logits, targets, soft: soft, temperature: temperature ?? 1)
    let gradients = try gradients(of: loss, by: values)
    for buffer in [loss, logits] {
      output(value(buffer, order: Array(buffer.dims.indices)))
    }
    for (value, gradient) in zip(values, gradients).prefix(weightCount) {
      output(gradient ?? zeros(like: value))
    }
    for normalization in normalizations {
      for statistic in [normalization.mean, normalization.variance] {
        output(value(statistic, order: [0]))
      }
    }
    return gradients
  }

  /// Value times gradient of an operand, summed over all axes but the first and one other: `[n, c]`.
  func slope(of x: KernelValue, _ gradient: KernelValue, axis: Int) -> KernelValue {
    let (buffer, order) = stored(x)
    let other = arranged(gradient, order)
    let summed = order.indices.filter { $0 != 0 && $0 != axis }.map { order[$0] }
    let result = kernel { program in
      let product = program.binary(.multiply, buffer, other)
      return summed.isEmpty
        ? product : program.reduction(.sum, product, axes: summed.sorted(), keepDims: false)
    }
    return value(result, order: order[0] < order[axis] ? [0, 1] : [1, 0])
  }

  func zeros(like x: KernelValue) -> KernelValue {
    constant(Tensor([Float](repeating: 0, count: x.shape.reduce(1, *)), shape: x.shape))
  }

  /// The initializers whose statistics the batch gives anew.
  func statistics(_ names: [KernelValue: ValueID]) -> [GradientEvaluator.Statistics] {
    normalizations.compactMap { normalization in
      guard let mean = names[normalization.operands.mean],
        let variance = names[normalization.operands.variance]
      else { return nil }
      return GradientEvaluator.Statistics(
        mean: mean, variance: variance, channelCount: normalization.mean.count,
        sampleCount: normalization.sampleCount)
    }
  }
}
