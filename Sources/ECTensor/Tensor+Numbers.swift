extension Tensor {
  /// Lets `body` read the elements as float32 in row-major order; copies only where it must.
  /// - Precondition: the elements are numbers of any type.
  public func withFloats<R, E: Error>(
    _ body: (UnsafeBufferPointer<Float>) throws(E) -> R
  ) throws(E) -> R {
    if elementType == .float32 && isContiguous
      && Int(bitPattern: storage.base + byteOffset) % MemoryLayout<Float>.alignment == 0
    {
      let start = (storage.base + byteOffset).assumingMemoryBound(to: Float.self)
      return try body(UnsafeBufferPointer(start: start, count: count))
    }
    let numbers = floats()
    var result: Result<R, E>?
    numbers.withUnsafeBufferPointer { buffer in
      do throws(E) {
        result = .success(try body(buffer))
      } catch {
        result = .failure(error)
      }
    }
    guard let result else { preconditionFailure("the body ran") }
    return try result.get()
  }

  /// The elements as float32 in row-major order.
  public func floats() -> [Float] {
    switch elementType {
    case .float32: elements(Float.self)
    case .float64: elements(Double.self).map { Float($0) }
    case .float16: elements(Float16.self).map { Float($0) }
    case .bfloat16: elements(UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
    case .int8: elements(Int8.self).map { Float($0) }
    case .uint8, .bool: elements(UInt8.self).map { Float($0) }
    case .int16: elements(Int16.self).map { Float($0) }
    case .uint16: elements(UInt16.self).map { Float($0) }
    case .int32: elements(Int32.self).map { Float($0) }
    case .uint32: elements(UInt32.self).map { Float($0) }
    case .int64: elements(Int64.self).map { Float($0) }
    case .uint64: elements(UInt64.self).map { Float($0) }
    }
  }

  /// The elements as whole numbers in row-major order; `nil` where they are floating-point.
  public func integers() -> [Int]? {
    switch elementType {
    case .int8: elements(Int8.self).map { Int($0) }
    case .uint8, .bool: elements(UInt8.self).map { Int($0) }
    case .int16: elements(Int16.self).map { Int($0) }
    case .uint16: elements(UInt16.self).map { Int($0) }
    case .int32: elements(Int32.self).map { Int($0) }
    case .uint32: elements(UInt32.self).map { Int($0) }
    case .int64: elements(Int64.self).map { Int($0) }
    case .uint64: elements(UInt64.self).map { Int(truncatingIfNeeded: $0) }
    default: nil
    }
  }

  /// The elements of a float64 tensor in row-major order.
  func float64s() -> [Double] { elements(Double.self) }

  /// This tensor as float32; itself where it is that already.
  public func asFloat32() -> Tensor {
    elementType == .float32 ? self : Tensor(floats(), shape: shape)
  }

  private func elements<Element: BitwiseCopyable>(_ type: Element.Type) -> [Element] {
    [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      copyElements(into: UnsafeMutableRawBufferPointer(buffer))
      initialized = count
    }
  }
}

extension Tensor {
  /// The elements in another floating-point type; itself where it has that type already, and where
  /// either type is none.
  public func converted(to type: ElementType) -> Tensor {
    guard type != elementType, elementType.isFloatingPoint else { return self }
    switch type {
    case .float32: return asFloat32()
    case .float16: return filled(type, floats().map { Float16($0) })
    case .bfloat16: return filled(type, floats().map { Tensor.bfloat16($0) })
    case .float64: return filled(type, floats().map { Double($0) })
    default: return self
    }
  }

  private func filled<Element: BitwiseCopyable>(
    _ type: ElementType, _ elements: [Element]
  ) -> Tensor {
    let storage = TensorStorage(byteCount: count * type.byteCount) { bytes in
      elements.withUnsafeBytes { bytes.copyMemory(from: $0) }
    }
    return Tensor(elementType: type, shape: shape, storage: storage)
  }

  /// The upper half of a float32, rounded to even.
  private static func bfloat16(_ number: Float) -> UInt16 {
    let bits = number.bitPattern
    if number.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
  }
}
