import CONEDNN
import Glibc

extension Eltwise {
  /// Whether the gradient is taken from the result, so that the argument needn't be kept.
  var invertsResult: Bool {
    switch self {
    case .relu, .sigmoid, .tanh, .exp, .sqrt, .clip: true
    case .leakyRelu(let slope): slope >= 0
    case .elu(let alpha): alpha >= 0
    default: false
    }
  }

  /// The library's function whose gradient is this one's; nil where it has none.
  var nativeGradient: NativeEltwise? {
    guard let native, native.count == 1 else { return nil }
    var function = native[0]
    if case .clip = self {
      return NativeEltwise(
        kind: dnnl_eltwise_clip_v2_use_dst_for_bwd, alpha: function.alpha, beta: function.beta)
    }
    guard invertsResult else { return function }
    let kind: dnnl_alg_kind_t? =
      switch function.kind {
      case dnnl_eltwise_relu: dnnl_eltwise_relu_use_dst_for_bwd
      case dnnl_eltwise_elu: dnnl_eltwise_elu_use_dst_for_bwd
      case dnnl_eltwise_logistic: dnnl_eltwise_logistic_use_dst_for_bwd
      case dnnl_eltwise_tanh: dnnl_eltwise_tanh_use_dst_for_bwd
      case dnnl_eltwise_exp: dnnl_eltwise_exp_use_dst_for_bwd
      case dnnl_eltwise_sqrt: dnnl_eltwise_sqrt_use_dst_for_bwd
      default: nil
      }
    guard let kind else { return nil }
    function = NativeEltwise(kind: kind, alpha: function.alpha, beta: function.beta)
    return function
  }

  /// Whether the function is a staircase, whose derivative is zero wherever it has one.
  var isStaircase: Bool {
    switch self {
    case .round, .floor, .ceil, .truncate, .isNonzero, .sign: true
    default: false
    }
  }

  /// Multiplies a gradient by the derivative at `x`, where the library has no kernel for it.
  func applyGradient(
    _ x: UnsafeBufferPointer<Float>, _ d: UnsafePointer<Float>,
    _ output: UnsafeMutablePointer<Float>
  ) {
    func each(_ derivative: (Float) -> Float) {
      for i in x.indices { output[i] = d[i] * derivative(x[i]) }
    }
    switch self {
    case .celu(let alpha): each { $0 > 0 ? 1 : expf($0 / alpha) }
    case .selu(let alpha, let gamma): each { $0 > 0 ? gamma : gamma * alpha * expf($0) }
    case .hardSigmoid(let alpha, let beta):
      each { $0 * alpha + beta > 0 && $0 * alpha + beta < 1 ? alpha : 0 }
    case .power(let exponent): each { exponent * powf($0, exponent - 1) }
    case .reciprocal: each { -1 / ($0 * $0) }
    case .softsign:
      each {
        let size = 1 + Swift.abs($0)
        return 1 / (size * size)
      }
    case .thresholdedRelu(let alpha): each { $0 > alpha ? 1 : 0 }
    case .erf: each { 2 / Float.pi.squareRoot() * expf(-$0 * $0) }
    case .sin: each { cosf($0) }
    case .cos: each { -sinf($0) }
    case .roundToHalf: each { _ in 1 }
    default: preconditionFailure("the library has the gradient of \(self)")
    }
  }
}

extension BroadcastLoop {
  /// The derivative of a function of two elements by one of them; two equal ones share a maximum.
  func runPartial(
    _ kind: BinaryKind, operand: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ output: UnsafeMutablePointer<Float>
  ) {
    func share(_ own: Float, _ other: Float) -> Float { own > other ? 1 : own == other ? 0.5 : 0 }
    switch (kind, operand) {
    case (.maximum, 0): walk(a, b, output) { share($0, $1) }
    case (.maximum, _): walk(a, b, output) { share($1, $0) }
    case (.minimum, 0): walk(a, b, output) { share($1, $0) }
    case (.minimum, _): walk(a, b, output) { share($0, $1) }
    case (.power, 0): walk(a, b, output) { $1 == 0 ? 0 : $1 * powf($0, $1 - 1) }
    case (.power, _): walk(a, b, output) { $0 == 0 ? 0 : powf($0, $1) * logf($0) }
    default: preconditionFailure("\(kind) is differentiated by other kernels")
    }
  }
}
