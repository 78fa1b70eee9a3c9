import ECDiagnostics
import ECGraph
import ECKernels
import ECTensor

/// Builds a program of kernels from what operators lower themselves to.
///
/// Kernels see images as `[n, c, h, w]`; one that is stored with its channels last is handed over as a
/// transposed view, which costs nothing.
final class KernelProgram: KernelBuilder {
  private(set) var builder: ProgramBuilder
  private var buffers: [Buffer] = []

  init(threads: Int) {
    builder = ProgramBuilder(threads: threads)
  }

  /// Says for which node the next kernels are.
  func enter(_ node: String) { builder.place = .node(node) }

  /// An input that the caller feeds.
  func input(_ shape: [Int]) -> KernelValue { keep(builder.input(dims: shape)) }

  /// Marks a value as a result.
  func output(_ value: KernelValue) { builder.output(buffers[value.id]) }

  /// The runnable program.
  func build() throws(KernelError) -> Program { try builder.build() }

  private func keep(_ buffer: Buffer) -> KernelValue {
    buffers.append(buffer)
    return KernelValue(id: buffers.count - 1, shape: buffer.dims)
  }

  private func buffer(_ value: KernelValue) -> Buffer { buffers[value.id] }

  /// The order of axes that shows an image as `[n, c, …]`.
  private func toKernel(_ layout: ImageLayout, _ rank: Int) -> [Int] {
    layout.order(to: .channelsFirst, rank: rank)
  }

  /// Runs a kernel on an image shown as `[n, c, …]` and gives the result in the image's layout.
  private func onImage(_ x: KernelValue, _ layout: ImageLayout, _ kernel: (Buffer) -> Buffer)
    -> KernelValue
  {
    let rank = x.shape.count
    if layout == .channelsFirst { return keep(kernel(buffer(x))) }
    let shown = builder.transpose(buffer(x), toKernel(layout, rank))
    let result = kernel(shown)
    return keep(builder.transpose(result, ImageLayout.channelsFirst.order(to: layout, rank: rank)))
  }

  func constant(_ tensor: Tensor) -> KernelValue {
    tensor.asFloat32().withFloats { floats in
      keep(builder.constant(dims: tensor.shape, floats))
    }
  }

  /// A constant whose memory stays where it is while the program is built.
  func constant(viewing tensor: Tensor) -> KernelValue {
    guard tensor.elementType == .float32 else { return constant(tensor) }
    // A kernel seen with its axes permuted is handed over as it lies in memory.
    if let (order, plain) = tensor.contiguousOrder, plain.isAligned {
      let inverse = order.indices.map { k in order.firstIndex(of: k) ?? k }
      let value = plain.withFloats { floats in
        builder.constant(dims: plain.shape, floats, owner: plain.keepAlive)
      }
      return keep(order == Array(order.indices) ? value : builder.transpose(value, inverse))
    }
    return constant(tensor)
  }

  func convolution(
    _ x: KernelValue, weights: KernelValue, bias: KernelValue?, window: Window, groups: Int,
    layout: ImageLayout
  ) -> KernelValue {
    onImage(x, layout) { image in
      builder.convolution(
        image, weights: buffer(weights), bias: bias.map(buffer), strides: window.strides,
        dilations: window.dilations, padsBegin: window.padBegin, padsEnd: window.padEnd,
        groups: groups)
    }
  }

  /// Zeros are put between the pixels, then the picture is convolved with the kernel turned round.
  func transposedConvolution(
    _ x: KernelValue, weights: KernelValue, bias: KernelValue?, window: Window,
    outputPadding: [Int], groups: Int, layout: ImageLayout
  ) -> KernelValue {
    onImage(x, layout) { image in
      var stuffed = image
      for k in window.size.indices where window.strides[k] > 1 {
        stuffed = spread(stuffed, axis: 2 + k, by: window.strides[k])
      }
      var turned = builder.transpose(
        buffer(weights), [1, 0] + Array(2..<(2 + window.size.count)))
      for k in window.size.indices {
        turned = builder.gather(
          turned, axis: 2 + k, indices: Array((0..<window.size[k]).reversed()))
      }
      let reach = window.size.indices.map { (window.size[$0] - 1) * window.dilations[$0] }
      return builder.convolution(
        stuffed, weights: turned, bias: bias.map(buffer), dilations: window.dilations,
        padsBegin: reach.indices.map { reach[$0] - window.padBegin[$0] },
        padsEnd: reach.indices.map { reach[$0] - window.padEnd[$0] + outputPadding[$0] },
        groups: groups)
    }
  }

  /// Puts `stride - 1` zeros between neighbours along an axis.
  private func spread(_ x: Buffer, axis: Int, by stride: Int) -> Buffer {
    var dims = x.dims
    let extent = dims[axis]
    dims.insert(1, at: axis + 1)
    var end = [Int](repeating: 0, count: dims.count)
    end[axis + 1] = stride - 1
    let wide = builder.pad(
      builder.reshape(x, dims), begin: [Int](repeating: 0, count: dims.count), end: end)
    dims.remove(at: axis + 1)
    dims[axis] = extent * stride
    let joined = builder.reshape(wide, dims)
    var ends = dims
    ends[axis] = (extent - 1) * stride + 1
    return builder.slice(joined, starts: dims.map { _ in 0 }, ends: ends)
  }

  func matrixProduct(_ x: KernelValue, weights: KernelValue, bias: KernelValue?) -> KernelValue {
    keep(builder.innerProduct(buffer(x), weights: buffer(weights), bias: bias.map(buffer)))
  }

  func batchedProduct(_ a: KernelValue, _ b: KernelValue) -> KernelValue {
    keep(builder.matrixProduct(buffer(a), buffer(b)))
  }

  func pooling(
    _ kind: PoolKernel, _ x: KernelValue, window: Window, outputSize: [Int], layout: ImageLayout
  ) -> KernelValue {
    let name: PoolingKind =
      switch kind {
      case .maximum: .max
      case .averageExcludingPadding: .averageExcludingPadding
      case .averageIncludingPadding: .averageIncludingPadding
      }
    return onImage(x, layout) { image in
      builder.pooling(
        name, image, window: window.size, strides: window.strides, dilations: window.dilations,
        padsBegin: window.padBegin, padsEnd: window.padEnd, outputSize: outputSize)
    }
  }

  func unary(_ kind: UnaryKernel, _ x: KernelValue) -> KernelValue {
    let x = buffer(x)
    switch kind {
    case .softShrink(let bound), .hardShrink(let bound):
      // x outside [-bound, bound]; soft: moved towards zero by the bound
      let inside = builder.eltwise(.clip(min: -bound, max: bound), x)
      let soft = builder.binary(.subtract, x, inside)
      if case .softShrink = kind { return keep(soft) }
      let side = builder.eltwise(.sign, soft)
      let step = builder.eltwise(.linear(alpha: bound, beta: 0), side)
      return keep(builder.binary(.add, soft, step))
    default: return keep(builder.eltwise(Eltwise(kind), x))
    }
  }

  func binary(_ kind: BinaryKernel, _ a: KernelValue, _ b: KernelValue) -> KernelValue {
    let name: BinaryKind =
      switch kind {
      case .add: .add
      case .subtract: .subtract
      case .multiply: .multiply
      case .divide: .divide
      case .maximum: .maximum
      case .minimum: .minimum
      case .power: .power
      }
    return keep(builder.binary(name, buffer(a), buffer(b)))
  }

  func reduction(_ kind: ReductionKernel, _ x: KernelValue, axes: [Int], keepDims: Bool)
    -> KernelValue
  {
    if axes.isEmpty { return x }
    let name: ReductionKind =
      switch kind {
      case .mean: .mean
      case .sum: .sum
      case .maximum: .maximum
      case .minimum: .minimum
      case .product: .product
      case .l1: .l1
      case .l2: .l2
      }
    let rank = x.shape.count
    if axes == Array(1..<(rank - 1)) && rank > 2 && keepDims {
      // A picture with its channels last: shown with its channels first, for which there are kernels.
      return onImage(x, .channelsLast) { image in
        builder.reduction(name, image, axes: Array(2..<rank), keepDims: true)
      }
    }
    return keep(builder.reduction(name, buffer(x), axes: axes, keepDims: keepDims))
  }

  func softmax(_ x: KernelValue, axis: Int, logarithm: Bool) -> KernelValue {
    keep(
      logarithm
        ? builder.logSoftmax(buffer(x), axis: axis) : builder.softmax(buffer(x), axis: axis))
  }

  func reshape(_ x: KernelValue, _ shape: [Int]) -> KernelValue {
    keep(builder.reshape(buffer(x), shape))
  }

  func transpose(_ x: KernelValue, _ order: [Int]) -> KernelValue {
    keep(builder.transpose(buffer(x), order))
  }

  func concat(_ parts: [KernelValue], axis: Int) -> KernelValue {
    keep(builder.concat(parts.map(buffer), axis: axis))
  }

  func slice(_ x: KernelValue, starts: [Int], counts: [Int], steps: [Int]) -> KernelValue {
    let ends = starts.indices.map { starts[$0] + (counts[$0] - 1) * steps[$0] + 1 }
    return keep(builder.slice(buffer(x), starts: starts, ends: ends, steps: steps))
  }

  func gather(_ x: KernelValue, axis: Int, positions: [Int]) -> KernelValue {
    keep(builder.gather(buffer(x), axis: axis, indices: positions))
  }

  func pad(_ x: KernelValue, begin: [Int], end: [Int], value: Float) -> KernelValue {
    keep(builder.pad(buffer(x), begin: begin, end: end, mode: .constant(value)))
  }

  func resize(_ kind: ResizeKernel, _ x: KernelValue, size: [Int], layout: ImageLayout)
    -> KernelValue
  {
    onImage(x, layout) { image in
      if kind == .linearHalfPixel { return builder.resizeLinear(image, size: size) }
      var result = image
      for (k, extent) in size.enumerated() {
        let old = image.dims[2 + k]
        let positions = (0..<extent).map { position -> Int in
          if kind == .nearestFloorAsymmetric { return min(position * old / extent, old - 1) }
          // half-pixel centres, ties upwards: floor((p + 0.5) · old / new) in whole numbers
          return min((2 * position + 1) * old / (2 * extent), old - 1)
        }
        result = builder.gather(result, axis: 2 + k, indices: positions)
      }
      return result
    }
  }
}

extension Eltwise {
  /// The kernel of a function; the shrinks are composed elsewhere.
  fileprivate init(_ kind: UnaryKernel) {
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
    case .softShrink, .hardShrink: self = .linear(alpha: 1, beta: 0)
    }
  }
}
