import CONEDNN
import Glibc

/// A function applied to every element.
public enum Eltwise: Sendable, Hashable {
  /// `max(x, 0)`.
  case relu
  /// `x` above zero, else `slope · x`.
  case leakyRelu(slope: Float)
  /// `x` above zero, else `alpha · (eˣ - 1)`.
  case elu(alpha: Float)
  /// `x` above zero, else `alpha · (e^(x/alpha) - 1)`.
  case celu(alpha: Float)
  /// `gamma · elu(x, alpha)`.
  case selu(alpha: Float, gamma: Float)
  /// `1 / (1 + e⁻ˣ)`.
  case sigmoid
  /// `log(sigmoid(x))`.
  case logSigmoid
  /// The hyperbolic tangent.
  case tanh
  /// `x` kept between two bounds.
  case clip(min: Float, max: Float)
  /// `x · sigmoid(alpha · x)`.
  case swish(alpha: Float)
  /// `x · Φ(x)` by the error function.
  case gelu
  /// `x · Φ(x)` by the hyperbolic tangent.
  case geluTanh
  /// `x · clip(x / 6 + 1/2, 0, 1)`.
  case hardSwish
  /// `clip(alpha · x + beta, 0, 1)`.
  case hardSigmoid(alpha: Float, beta: Float)
  /// `log(1 + eˣ)`.
  case softplus
  /// `x / (1 + |x|)`.
  case softsign
  /// `x · tanh(softplus(x))`.
  case mish
  /// `x` above `alpha`, else zero.
  case thresholdedRelu(alpha: Float)
  /// `alpha · x + beta`.
  case linear(alpha: Float, beta: Float)
  /// `x` to a fixed exponent.
  case power(exponent: Float)
  /// `eˣ`.
  case exp
  /// The natural logarithm.
  case log
  /// The square root.
  case sqrt
  /// `x · x`.
  case square
  /// The absolute value.
  case abs
  /// `-x`.
  case negate
  /// `1 / x`.
  case reciprocal
  /// The error function.
  case erf
  /// To the nearest integer, halves to the even one.
  case round
  /// Down to an integer.
  case floor
  /// Up to an integer.
  case ceil
  /// Towards zero to an integer.
  case truncate
  /// To the nearest number of half precision.
  case roundToHalf
  /// 0 for zero, else 1.
  case isNonzero
  /// -1, 0 or 1.
  case sign
  /// The sine, of radians.
  case sin
  /// The cosine, of radians.
  case cos
}

/// One function that the library has.
struct NativeEltwise: Equatable {
  let kind: dnnl_alg_kind_t
  var alpha: Float = 0
  var beta: Float = 0
}

extension Eltwise {
  /// The library's functions which, one after the other, make this one; nil where it has none.
  var native: [NativeEltwise]? {
    switch self {
    case .relu: [NativeEltwise(kind: dnnl_eltwise_relu)]
    case .leakyRelu(let slope): [NativeEltwise(kind: dnnl_eltwise_relu, alpha: slope)]
    case .elu(let alpha): [NativeEltwise(kind: dnnl_eltwise_elu, alpha: alpha)]
    case .celu(let alpha):
      [
        NativeEltwise(kind: dnnl_eltwise_linear, alpha: 1 / alpha),
        NativeEltwise(kind: dnnl_eltwise_elu, alpha: 1),
        NativeEltwise(kind: dnnl_eltwise_linear, alpha: alpha),
      ]
    case .selu(let alpha, let gamma):
      [
        NativeEltwise(kind: dnnl_eltwise_elu, alpha: alpha),
        NativeEltwise(kind: dnnl_eltwise_linear, alpha: gamma),
      ]
    case .sigmoid: [NativeEltwise(kind: dnnl_eltwise_logistic)]
    case .logSigmoid: [NativeEltwise(kind: dnnl_eltwise_logsigmoid)]
    case .tanh: [NativeEltwise(kind: dnnl_eltwise_tanh)]
    case .clip(let low, let high):
      [NativeEltwise(kind: dnnl_eltwise_clip, alpha: low, beta: high)]
    case .swish(let alpha): [NativeEltwise(kind: dnnl_eltwise_swish, alpha: alpha)]
    case .gelu: [NativeEltwise(kind: dnnl_eltwise_gelu_erf)]
    case .geluTanh: [NativeEltwise(kind: dnnl_eltwise_gelu_tanh)]
    case .hardSwish: [NativeEltwise(kind: dnnl_eltwise_hardswish)]
    case .hardSigmoid(let alpha, let beta):
      [
        NativeEltwise(kind: dnnl_eltwise_linear, alpha: alpha, beta: beta),
        NativeEltwise(kind: dnnl_eltwise_clip, alpha: 0, beta: 1),
      ]
    case .softplus: [NativeEltwise(kind: dnnl_eltwise_soft_relu, alpha: 1)]
    case .mish: [NativeEltwise(kind: dnnl_eltwise_mish)]
    case .linear(let alpha, let beta):
      [NativeEltwise(kind: dnnl_eltwise_linear, alpha: alpha, beta: beta)]
    case .exp: [NativeEltwise(kind: dnnl_eltwise_exp)]
    case .log: [NativeEltwise(kind: dnnl_eltwise_log)]
    case .sqrt: [NativeEltwise(kind: dnnl_eltwise_sqrt)]
    case .square: [NativeEltwise(kind: dnnl_eltwise_square)]
    case .abs: [NativeEltwise(kind: dnnl_eltwise_abs)]
    case .negate: [NativeEltwise(kind: dnnl_eltwise_linear, alpha: -1)]
    case .power, .reciprocal, .softsign, .thresholdedRelu, .erf, .round, .floor, .ceil, .truncate,
      .roundToHalf, .isNonzero, .sign, .sin, .cos:
      nil
    }
  }

  /// The function `x · f(x)`, where it has a name.
  var timesOperand: Eltwise? {
    switch self {
    case .sigmoid: .swish(alpha: 1)
    // The slope is written with six digits or more in files.
    case .hardSigmoid(let alpha, let beta) where Swift.abs(alpha - 1 / 6) < 1e-6 && beta == 0.5:
      .hardSwish
    default: nil
    }
  }

  /// The function for the loop that stands in where the library has none.
  func apply(to values: UnsafeMutableBufferPointer<Float>) {
    func each(_ body: (Float) -> Float) {
      for i in values.indices { values[i] = body(values[i]) }
    }
    switch self {
    case .power(let exponent):
      if exponent == -0.5 { each { 1 / $0.squareRoot() } } else { each { powf($0, exponent) } }
    case .reciprocal: each { 1 / $0 }
    case .softsign: each { $0 / (1 + Swift.abs($0)) }
    case .thresholdedRelu(let alpha): each { $0 > alpha ? $0 : 0 }
    case .erf: each { erff($0) }
    case .round: each { $0.rounded(.toNearestOrEven) }
    case .floor: each { $0.rounded(.down) }
    case .ceil: each { $0.rounded(.up) }
    case .truncate: each { $0.rounded(.towardZero) }
    case .roundToHalf: each { Float(Float16($0)) }
    case .isNonzero: each { $0 == 0 ? 0 : 1 }
    case .sign: each { $0 > 0 ? 1 : ($0 < 0 ? -1 : $0) }
    case .sin: each { sinf($0) }
    case .cos: each { cosf($0) }
    default: preconditionFailure("the library has \(self)")
    }
  }
}
