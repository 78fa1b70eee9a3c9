import ECDiagnostics

/// A kernel as the builder recorded it.
struct Node {
  var operation: Operation
  /// Values read, in the operation's order.
  var inputs: [Int]
  /// The value written.
  var output: Int
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

  /// What errors call it.
  var name: String {
    switch self {
    case .convolution: "convolution"
    case .innerProduct: "inner product"
    case .matrixProduct: "matrix product"
    case .pooling(let kind, _): "pooling \(kind.rawValue)"
    case .eltwise(let function): "eltwise \(function)"
    case .binary(let kind): "binary \(kind.rawValue)"
    case .reduction(let kind, _): "reduction \(kind.rawValue)"
    case .softmax(_, let logarithm): logarithm ? "log softmax" : "softmax"
    case .reshape: "reshape"
    case .transpose: "transpose"
    case .concat: "concat"
    case .slice: "slice"
    case .pad: "pad"
    case .gather: "gather"
    case .resizeLinear: "linear resize"
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
