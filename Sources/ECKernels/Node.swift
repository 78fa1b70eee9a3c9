import ECDiagnostics

/// A kernel as the builder recorded it.
struct Node {
  var operation: Operation
  /// Values read, in the operation's order.
  var inputs: [Int]
  /// The value written.
  var output: Int
  /// Further values written: statistics, further gradients, what the way back needs to know.
  var extras: [Int] = []
  /// What is applied to the result before it's stored.
  var fused: [FusedStage] = []
  /// Where errors say it is.
  var place: Place
}

/// Something applied to a result in the kernel that makes it.
enum FusedStage {
  case eltwise([NativeEltwise])
  /// Another value of the same shape is added.
  case sum(value: Int)
}

/// A function of two elements, one of which is a constant.
struct ChainStage {
  var kind: BinaryKind
  /// Whether the constant is the first of the two.
  var isSwapped: Bool
}

/// The kernels.
enum Operation {
  /// Inputs: image, weights `[o, i/g, k…]`, perhaps a bias `[o]`.
  case convolution(Window, groups: Int)
  /// Inputs: `[m, k]`, weights `[k, n]` or, transposed, `[n, k]`, perhaps a bias `[n]`.
  case innerProduct(transposed: Bool)
  /// Inputs: `[…, m, k]` and `[…, k, n]`.
  case matrixProduct
  case pooling(PoolingKind, Window)
  case eltwise(Eltwise)
  case binary(BinaryKind)
  /// Inputs: x, then one constant for each stage, broadcast to x.
  case constantChain([ChainStage])
  /// Keeps the axes, with one element each.
  case reduction(ReductionKind, axes: [Int])
  case softmax(axis: Int, logarithm: Bool)
  case reshape
  case transpose([Int])
  case concat(axis: Int)
  /// Positive steps only; the shape of the output says how many.
  case slice(starts: [Int], steps: [Int])
  case pad(begin: [Int], value: Float)
  case gather(axis: Int, indices: [Int])
  case resizeLinear
  /// Inputs: x, scale and shift `[c]`, and unless taken from the batch, mean and variance `[c]`.
  /// Extras: the mean and variance of the batch.
  case normalization(epsilon: Float, usesBatch: Bool)

  // The way back; `d` is the gradient of the forward result.

  /// Inputs: d, weights.
  case convolutionData(Window, groups: Int)
  /// Inputs: image, d. Extra: perhaps the gradient of the bias.
  case convolutionWeights(Window, groups: Int)
  /// Inputs: d, and for a maximum the workspace and the image. `forward` is the value made forward.
  case poolingGradient(PoolingKind, Window, forward: Int)
  /// Inputs: what was given to the function, or made by it where `Eltwise.invertsResult`; d.
  case eltwiseGradient(Eltwise)
  /// Inputs: what was made, d.
  case softmaxGradient(axis: Int, logarithm: Bool)
  /// Inputs: both operands, d, broadcast to the result's shape.
  case binaryGradient(BinaryKind, operand: Int)
  /// Inputs: x, d, scale, shift, mean, variance. Extras: the gradients of scale and shift.
  case normalizationGradient(epsilon: Float, usesBatch: Bool)
  case resizeLinearGradient
  /// Adds slices up where `gather` took them.
  case scatterSum(axis: Int, indices: [Int])
  /// Repeats axes of one element.
  case expand

  /// What errors call it.
  var name: String {
    switch self {
    case .convolution: "convolution"
    case .innerProduct: "inner product"
    case .matrixProduct: "matrix product"
    case .pooling(let kind, _): "pooling \(kind.rawValue)"
    case .eltwise(let function): "eltwise \(function)"
    case .binary(let kind): "binary \(kind.rawValue)"
    case .constantChain: "constant chain"
    case .reduction(let kind, _): "reduction \(kind.rawValue)"
    case .softmax(_, let logarithm): logarithm ? "log softmax" : "softmax"
    case .reshape: "reshape"
    case .transpose: "transpose"
    case .concat: "concat"
    case .slice: "slice"
    case .pad: "pad"
    case .gather: "gather"
    case .resizeLinear: "linear resize"
    case .normalization: "normalization"
    case .convolutionData: "convolution data gradient"
    case .convolutionWeights: "convolution weights gradient"
    case .poolingGradient(let kind, _, _): "pooling \(kind.rawValue) gradient"
    case .eltwiseGradient(let function): "eltwise \(function) gradient"
    case .softmaxGradient: "softmax gradient"
    case .binaryGradient(let kind, _): "binary \(kind.rawValue) gradient"
    case .normalizationGradient: "normalization gradient"
    case .resizeLinearGradient: "linear resize gradient"
    case .scatterSum: "scatter"
    case .expand: "expand"
    }
  }
}

/// A window that slides over the spatial axes; every list has one entry for each of them.
struct Window {
  var size: [Int]
  var strides: [Int]
  /// Distance of the window's elements; 1 is dense.
  var dilations: [Int]
  var padsBegin: [Int]
  var padsEnd: [Int]

  /// The window's reach along an axis.
  func extent(_ axis: Int) -> Int { (size[axis] - 1) * dilations[axis] + 1 }

  /// The number of positions along an axis, the last incomplete one left out.
  func positions(_ axis: Int, of length: Int) -> Int {
    let room = length + padsBegin[axis] + padsEnd[axis] - extent(axis)
    return room < 0 ? 0 : room / strides[axis] + 1
  }

  /// Whether every list has the rank and every number can be used.
  func isValid(rank: Int) -> Bool {
    [size, strides, dilations, padsBegin, padsEnd].allSatisfy { $0.count == rank }
      && (size + strides + dilations).allSatisfy { $0 > 0 }
      && (padsBegin + padsEnd).allSatisfy { $0 >= 0 }
  }
}
