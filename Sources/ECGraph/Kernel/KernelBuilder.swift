public import ECTensor

/// A value while a graph is lowered: concrete extents, physical order of axes as in the graph.
public struct KernelValue: Sendable, Hashable {
  /// The builder's number for it.
  public let id: Int
  /// The extents.
  public let shape: [Int]

  /// Made by builders only.
  public init(id: Int, shape: [Int]) {
    self.id = id
    self.shape = shape
  }
}

/// The geometry of a window that slides over the picture axes (h, w, … in that order).
public struct Window: Sendable, Hashable {
  /// The extents of the window.
  public var size: [Int]
  /// Steps between windows.
  public var strides: [Int]
  /// Steps between taps.
  public var dilations: [Int]
  /// Cells added before each axis.
  public var padBegin: [Int]
  /// Cells added after each axis.
  public var padEnd: [Int]

  /// Makes a window.
  public init(size: [Int], strides: [Int], dilations: [Int], padBegin: [Int], padEnd: [Int]) {
    self.size = size
    self.strides = strides
    self.dilations = dilations
    self.padBegin = padBegin
    self.padEnd = padEnd
  }
}

/// Element-wise functions of one operand.
public enum UnaryKernel: Sendable, Hashable {
  case relu
  case leakyRelu(slope: Float)
  case elu(alpha: Float)
  case selu
  case celu(alpha: Float)
  case sigmoid
  case hardSigmoid(alpha: Float, beta: Float)
  case hardSwish
  case swish
  case mish
  case tanh
  case softplus
  case softsign
  case geluErf
  case geluTanh
  case clip(low: Float, high: Float)
  case exp, log, sqrt, abs, negate, reciprocal, erf, floor, ceil, round, sign, sin, cos
  /// `scale * x + shift`.
  case linear(scale: Float, shift: Float)
  case thresholdedRelu(alpha: Float)
  case softShrink(bound: Float)
  case hardShrink(bound: Float)
}

/// Element-wise functions of two operands, broadcast as numpy does.
public enum BinaryKernel: Sendable, Hashable {
  case add, subtract, multiply, divide, maximum, minimum, power
}

/// What a pooling window or a reduction computes.
public enum ReductionKernel: Sendable, Hashable {
  case mean, sum, maximum, minimum, product, l1, l2
}

/// How a pooling window treats the cells outside the picture.
public enum PoolKernel: Sendable, Hashable {
  case maximum
  case averageExcludingPadding
  case averageIncludingPadding
}

/// How a picture is resized.
public enum ResizeKernel: Sendable, Hashable {
  case nearestFloorAsymmetric
  case nearestHalfPixelCeil
  case linearHalfPixel
}

/// What batch normalization does to every position of its axis; each value is `[c]`.
public struct NormalizationOperands: Sendable {
  /// What is multiplied by.
  public let scale: KernelValue
  /// What is added.
  public let shift: KernelValue
  /// The stored mean.
  public let mean: KernelValue
  /// The stored variance.
  public let variance: KernelValue

  /// Joins the four.
  public init(scale: KernelValue, shift: KernelValue, mean: KernelValue, variance: KernelValue) {
    (self.scale, self.shift, self.mean, self.variance) = (scale, shift, mean, variance)
  }
}

/// The few kernels that operators lower themselves to. Float32; extents are concrete.
///
/// Every method appends one step and returns its result. Shapes are physical: an image is
/// `[n, c, h, w]` or `[n, h, w, c]` as `layout` says. Weights are `[o, i/groups, kh, kw]`.
public protocol KernelBuilder: AnyObject {
  /// A constant made by an operator while it is lowered.
  func constant(_ tensor: Tensor) -> KernelValue
  /// Cross-correlation; `bias` is `[o]`.
  func convolution(
    _ x: KernelValue, weights: KernelValue, bias: KernelValue?, window: Window, groups: Int,
    layout: ImageLayout
  ) -> KernelValue
  /// The transposed convolution; weights are `[i, o/groups, kh, kw]`, `outputPadding` adds at the end.
  func transposedConvolution(
    _ x: KernelValue, weights: KernelValue, bias: KernelValue?, window: Window,
    outputPadding: [Int], groups: Int, layout: ImageLayout
  ) -> KernelValue
  /// `x[…, k] · weights[k, n] + bias[n]`.
  func matrixProduct(_ x: KernelValue, weights: KernelValue, bias: KernelValue?) -> KernelValue
  /// `a[…, m, k] · b[…, k, n]` of two activations of equal leading extents.
  func batchedProduct(_ a: KernelValue, _ b: KernelValue) -> KernelValue
  /// A sliding maximum or mean; `outputSize` is that of the picture axes.
  func pooling(
    _ kind: PoolKernel, _ x: KernelValue, window: Window, outputSize: [Int], layout: ImageLayout
  ) -> KernelValue
  /// Batch normalization where something is learned from it; `nil` where it stands still, so that a
  /// product and a sum with constants do the same.
  func normalization(
    _ x: KernelValue, _ operands: NormalizationOperands, epsilon: Double, axis: Int
  ) -> KernelValue?
  func unary(_ kind: UnaryKernel, _ x: KernelValue) -> KernelValue
  func binary(_ kind: BinaryKernel, _ a: KernelValue, _ b: KernelValue) -> KernelValue
  /// The numbers that elements of another type can hold: rounded to half precision, or to integers.
  func converted(_ x: KernelValue, to type: ElementType) -> KernelValue
  func reduction(_ kind: ReductionKernel, _ x: KernelValue, axes: [Int], keepDims: Bool)
    -> KernelValue
  func softmax(_ x: KernelValue, axis: Int, logarithm: Bool) -> KernelValue
  func reshape(_ x: KernelValue, _ shape: [Int]) -> KernelValue
  func transpose(_ x: KernelValue, _ order: [Int]) -> KernelValue
  func concat(_ parts: [KernelValue], axis: Int) -> KernelValue
  /// Positions `start, start + step, …` (`count` of them) along each axis.
  func slice(_ x: KernelValue, starts: [Int], counts: [Int], steps: [Int]) -> KernelValue
  /// Positions `positions` of one axis.
  func gather(_ x: KernelValue, axis: Int, positions: [Int]) -> KernelValue
  /// Adds cells of `value` before and after each axis; negative counts crop.
  func pad(_ x: KernelValue, begin: [Int], end: [Int], value: Float) -> KernelValue
  /// Resizes the picture axes to `size`.
  func resize(_ kind: ResizeKernel, _ x: KernelValue, size: [Int], layout: ImageLayout)
    -> KernelValue
}
