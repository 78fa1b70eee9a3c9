import ECBLAS

/// A number type in which symmetric matrices are stored, with its SIMD lanes.
///
/// Reductions over floating-point numbers are not vectorised by the compiler, so loops are written
/// in lanes; all requirements are inlined into specialised code.
protocol MatrixScalar: BLASScalar {
  associatedtype Lanes
  static var laneCount: Int { get }
  static var zeros: Lanes { get }
  init(narrowing value: Double)
  var wide: Double { get }
  static func lanes(all value: Self) -> Lanes
  static func load(_ pointer: UnsafePointer<Self>) -> Lanes
  static func store(_ lanes: Lanes, _ pointer: UnsafeMutablePointer<Self>)
  static func sum(_ a: Lanes, _ b: Lanes) -> Lanes
  static func difference(_ a: Lanes, _ b: Lanes) -> Lanes
  static func product(_ a: Lanes, _ b: Lanes) -> Lanes
  static func magnitude(_ a: Lanes) -> Lanes
  static func total(_ a: Lanes) -> Self
}

extension Float: MatrixScalar {
  @inline(__always) static var laneCount: Int { 8 }
  @inline(__always) static var zeros: SIMD8<Float> { SIMD8(repeating: 0) }
  @inline(__always) init(narrowing value: Double) { self = Float(value) }
  @inline(__always) var wide: Double { Double(self) }

  @inline(__always) static func lanes(all value: Float) -> SIMD8<Float> { SIMD8(repeating: value) }

  @inline(__always) static func load(_ pointer: UnsafePointer<Float>) -> SIMD8<Float> {
    UnsafeRawPointer(pointer).loadUnaligned(as: SIMD8<Float>.self)
  }

  @inline(__always) static func store(_ lanes: SIMD8<Float>, _ pointer: UnsafeMutablePointer<Float>)
  {
    UnsafeMutableRawPointer(pointer).storeBytes(of: lanes, as: SIMD8<Float>.self)
  }

  @inline(__always) static func sum(_ a: SIMD8<Float>, _ b: SIMD8<Float>) -> SIMD8<Float> { a + b }

  @inline(__always) static func difference(_ a: SIMD8<Float>, _ b: SIMD8<Float>) -> SIMD8<Float> {
    a - b
  }

  @inline(__always) static func product(_ a: SIMD8<Float>, _ b: SIMD8<Float>) -> SIMD8<Float> {
    a * b
  }

  @inline(__always) static func magnitude(_ a: SIMD8<Float>) -> SIMD8<Float> {
    let mask = SIMD8<UInt32>(repeating: 0x7FFF_FFFF)
    return unsafeBitCast(unsafeBitCast(a, to: SIMD8<UInt32>.self) & mask, to: SIMD8<Float>.self)
  }

  @inline(__always) static func total(_ a: SIMD8<Float>) -> Float { a.sum() }
}

extension Double: MatrixScalar {
  @inline(__always) static var laneCount: Int { 4 }
  @inline(__always) static var zeros: SIMD4<Double> { SIMD4(repeating: 0) }
  @inline(__always) init(narrowing value: Double) { self = Double(value) }
  @inline(__always) var wide: Double { Double(self) }

  @inline(__always) static func lanes(all value: Double) -> SIMD4<Double> {
    SIMD4(repeating: value)
  }

  @inline(__always) static func load(_ pointer: UnsafePointer<Double>) -> SIMD4<Double> {
    UnsafeRawPointer(pointer).loadUnaligned(as: SIMD4<Double>.self)
  }

  @inline(__always) static func store(
    _ lanes: SIMD4<Double>, _ pointer: UnsafeMutablePointer<Double>
  ) {
    UnsafeMutableRawPointer(pointer).storeBytes(of: lanes, as: SIMD4<Double>.self)
  }

  @inline(__always) static func sum(_ a: SIMD4<Double>, _ b: SIMD4<Double>) -> SIMD4<Double> {
    a + b
  }

  @inline(__always) static func difference(_ a: SIMD4<Double>, _ b: SIMD4<Double>) -> SIMD4<Double>
  {
    a - b
  }

  @inline(__always) static func product(_ a: SIMD4<Double>, _ b: SIMD4<Double>) -> SIMD4<Double> {
    a * b
  }

  @inline(__always) static func magnitude(_ a: SIMD4<Double>) -> SIMD4<Double> {
    let mask = SIMD4<UInt64>(repeating: 0x7FFF_FFFF_FFFF_FFFF)
    return unsafeBitCast(unsafeBitCast(a, to: SIMD4<UInt64>.self) & mask, to: SIMD4<Double>.self)
  }

  @inline(__always) static func total(_ a: SIMD4<Double>) -> Double { a.sum() }
}
