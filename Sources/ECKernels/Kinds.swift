import CONEDNN
import Glibc

/// A function of two elements.
public enum BinaryKind: String, Sendable, Hashable, CaseIterable {
  /// The sum.
  case add
  /// The first less the second.
  case subtract
  /// The product.
  case multiply
  /// The first by the second.
  case divide
  /// The larger.
  case maximum
  /// The smaller.
  case minimum
  /// The first to the second as exponent.
  case power

  var native: dnnl_alg_kind_t? {
    switch self {
    case .add: dnnl_binary_add
    case .subtract: dnnl_binary_sub
    case .multiply: dnnl_binary_mul
    case .divide: dnnl_binary_div
    case .maximum: dnnl_binary_max
    case .minimum: dnnl_binary_min
    case .power: nil
    }
  }

  /// Whether the operands can change places.
  var isCommutative: Bool {
    switch self {
    case .add, .multiply, .maximum, .minimum: true
    case .subtract, .divide, .power: false
    }
  }
}

/// What a pooling window yields.
public enum PoolingKind: String, Sendable, Hashable, CaseIterable {
  /// The largest element; padding never wins.
  case max
  /// The mean of the elements in the image.
  case averageExcludingPadding
  /// The mean over the window, padding counted as zeros but not what lies beyond it.
  case averageIncludingPadding

  var native: dnnl_alg_kind_t {
    switch self {
    case .max: dnnl_pooling_max
    case .averageExcludingPadding: dnnl_pooling_avg_exclude_padding
    case .averageIncludingPadding: dnnl_pooling_avg_include_padding
    }
  }
}

/// What a set of elements is reduced to.
public enum ReductionKind: String, Sendable, Hashable, CaseIterable {
  /// The arithmetic mean.
  case mean
  /// The sum.
  case sum
  /// The largest.
  case maximum
  /// The smallest.
  case minimum
  /// The product.
  case product
  /// The sum of absolute values.
  case l1
  /// The square root of the sum of squares.
  case l2
  /// The sum of squares.
  case sumOfSquares
  /// The logarithm of the sum.
  case logSum
  /// The logarithm of the sum of exponentials.
  case logSumExp
}

/// What stands outside a padded tensor.
public enum PaddingMode: Sendable, Hashable {
  /// A fixed value.
  case constant(Float)
  /// The nearest element.
  case edge
  /// The tensor mirrored at its outermost elements, which aren't repeated.
  case reflect
}
