import CResidual
import ECBLAS

/// A number type in which symmetric matrices are stored.
protocol MatrixScalar: BLASScalar {
  init(narrowing value: Double)
  var wide: Double { get }

  /// See `ecresidual_pass_f32`: deflates the upper triangle where `scaled` is there, and multiplies
  /// magnitudes or squares of its elements with a vector.
  static func residualPass(
    _ a: UnsafeMutablePointer<Self>, _ leading: Int, _ order: Int, _ x: UnsafePointer<Self>,
    _ y: UnsafeMutablePointer<Self>, _ column: UnsafePointer<Self>,
    _ scaled: UnsafePointer<Self>?, _ squares: Int32)
}

extension Float: MatrixScalar {
  @inline(__always) init(narrowing value: Double) { self = Float(value) }
  @inline(__always) var wide: Double { Double(self) }

  static func residualPass(
    _ a: UnsafeMutablePointer<Float>, _ leading: Int, _ order: Int, _ x: UnsafePointer<Float>,
    _ y: UnsafeMutablePointer<Float>, _ column: UnsafePointer<Float>,
    _ scaled: UnsafePointer<Float>?, _ squares: Int32
  ) {
    ecresidual_pass_f32(a, leading, order, x, y, column, scaled, squares)
  }
}

extension Double: MatrixScalar {
  @inline(__always) init(narrowing value: Double) { self = value }
  @inline(__always) var wide: Double { self }

  static func residualPass(
    _ a: UnsafeMutablePointer<Double>, _ leading: Int, _ order: Int, _ x: UnsafePointer<Double>,
    _ y: UnsafeMutablePointer<Double>, _ column: UnsafePointer<Double>,
    _ scaled: UnsafePointer<Double>?, _ squares: Int32
  ) {
    ecresidual_pass_f64(a, leading, order, x, y, column, scaled, squares)
  }
}
