import ECGraph
import ECKernels
import ECTensor

extension GraphLowering {
  func convolution(
    _ x: KernelValue, weights: KernelValue, bias: KernelValue?, window: Window, groups: Int,
    layout: ImageLayout
  ) -> KernelValue {
    let order = layout.bufferOrder(rank: x.shape.count)
    var image = arranged(x, order)
    var window = window
    if (window.padBegin + window.padEnd).contains(where: { $0 < 0 }) {
      let (begin, end) = (window.padBegin.map { min($0, 0) }, window.padEnd.map { min($0, 0) })
      image = kernel { $0.pad(image, begin: [0, 0] + begin, end: [0, 0] + end) }
      window.padBegin = window.padBegin.map { max($0, 0) }
      window.padEnd = window.padEnd.map { max($0, 0) }
    }
    let (matrix, shift) = (plain(weights), bias.map { vector($0) })
    return value(
      kernel {
        $0.convolution(
          image, weights: matrix, bias: shift, strides: window.strides,
          dilations: window.dilations, padsBegin: window.padBegin, padsEnd: window.padEnd,
          groups: groups)
      }, order: order)
  }

  /// A convolution, with the kernel turned around, of the image with zeros between its pixels.
  func transposedConvolution(
    _ x: KernelValue, weights: KernelValue, bias: KernelValue?, window: Window,
    outputPadding: [Int], groups: Int, layout: ImageLayout
  ) -> KernelValue {
    let order = layout.bufferOrder(rank: x.shape.count)
    let spread = spread(arranged(x, order), window, outputPadding)
    let (matrix, shift) = (
      turned(weights, window, groups: groups), bias.map { vector($0) }
    )
    return value(
      kernel {
        $0.convolution(
          spread, weights: matrix, bias: shift, dilations: window.dilations, groups: groups)
      }, order: order)
  }

  /// The image with `stride - 1` zeros between its pixels, and around it what the window needs.
  private func spread(_ image: Buffer, _ window: Window, _ outputPadding: [Int]) -> Buffer {
    let rank = window.size.count
    var result = image
    if window.strides.contains(where: { $0 > 1 }) {
      var (apart, end, joined) = (Array(image.dims[..<2]), [0, 0], Array(image.dims[..<2]))
      for axis in 0..<rank {
        apart += [image.dims[axis + 2], 1]
        end += [0, window.strides[axis] - 1]
        joined.append(image.dims[axis + 2] * window.strides[axis])
      }
      let zeros = [Int](repeating: 0, count: end.count)
      result = kernel { program in
        let split = program.reshape(image, apart)
        return program.reshape(program.pad(split, begin: zeros, end: end), joined)
      }
    }
    let reach = (0..<rank).map { (window.size[$0] - 1) * window.dilations[$0] }
    var (begin, end) = (reach, reach)
    for axis in 0..<rank {
      begin[axis] -= window.padBegin[axis]
      end[axis] += outputPadding[axis] - window.padEnd[axis] - (window.strides[axis] - 1)
    }
    return kernel { $0.pad(result, begin: [0, 0] + begin, end: [0, 0] + end) }
  }

  /// Weights `[i, o/g, k…]` as those of the convolution, `[o, i/g, k…]`, taps reversed.
  private func turned(_ weights: KernelValue, _ window: Window, groups: Int) -> Buffer {
    let dims = weights.shape
    let (i, o, taps) = (dims[0] / groups, dims[1], Array(dims[2...]))
    let swap = [0, 2, 1] + (3..<dims.count + 1)
    if let tensor = tensor(weights) {
      var turned = tensor
      for axis in taps.indices {
        turned = turned.gathered(axis: axis + 2, (0..<taps[axis]).reversed())
      }
      turned = turned.materialized().reshaped([groups, i, o] + taps).permuted(swap)
      return add(turned.reshaped([groups * o, i] + taps))
    }
    var turned = plain(weights)
    for axis in taps.indices {
      turned = kernel {
        $0.gather(turned, axis: axis + 2, indices: (0..<taps[axis]).reversed())
      }
    }
    return kernel { program in
      let split = program.reshape(turned, [groups, i, o] + taps)
      return program.reshape(program.transpose(split, swap), [groups * o, i] + taps)
    }
  }

  func pooling(
    _ kind: PoolKernel, _ x: KernelValue, window: Window, outputSize: [Int], layout: ImageLayout
  ) -> KernelValue {
    let order = layout.bufferOrder(rank: x.shape.count)
    let image = arranged(x, order)
    return value(
      kernel {
        $0.pooling(
          PoolingKind(kind), image, window: window.size, strides: window.strides,
          dilations: window.dilations, padsBegin: window.padBegin, padsEnd: window.padEnd,
          outputSize: outputSize)
      }, order: order)
  }

  func resize(
    _ kind: ResizeKernel, _ x: KernelValue, size: [Int], layout: ImageLayout
  ) -> KernelValue {
    let order = layout.bufferOrder(rank: x.shape.count)
    let image = arranged(x, order)
    if kind == .linearHalfPixel {
      return value(kernel { $0.resizeLinear(image, size: size) }, order: order)
    }
    var result = image
    for (axis, wanted) in size.enumerated() {
      let given = image.dims[axis + 2]
      let positions = (0..<wanted).map { place in
        kind == .nearestFloorAsymmetric
          ? place * given / wanted : min((2 * place + 1) * given / (2 * wanted), given - 1)
      }
      if positions == Array(0..<given) { continue }
      result = kernel { $0.gather(result, axis: axis + 2, indices: positions) }
    }
    return value(result, order: order)
  }

  /// A bias as `[o]`, also where it has axes of one element.
  func vector(_ x: KernelValue) -> Buffer {
    let buffer = plain(x)
    return kernel { $0.reshape(buffer, [buffer.count]) }
  }
}

extension PoolingKind {
  init(_ kind: PoolKernel) {
    switch kind {
    case .maximum: self = .max
    case .averageExcludingPadding: self = .averageExcludingPadding
    case .averageIncludingPadding: self = .averageIncludingPadding
    }
  }
}
