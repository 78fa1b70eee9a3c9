extension Tensor {
  /// The elements as double-precision numbers in row-major order.
  public func doubles() -> [Double] {
    if let integers = integers() { return integers.map(Double.init) }
    return elementType == .float64 ? float64s() : floats().map(Double.init)
  }

  /// Numbers as elements of a type, rounded to the nearest for floating-point types and towards zero
  /// for whole numbers; truth values are what isn't zero. `nil` where a whole number doesn't fit.
  /// - Precondition: there are as many numbers as the shape says.
  public init?(_ numbers: [Double], _ type: ElementType, shape: [Int]) {
    precondition(numbers.count == shape.reduce(1, *))
    switch type {
    case .float32: self.init(type, shape, numbers.map { Float($0) })
    case .float64: self.init(type, shape, numbers)
    case .float16: self.init(type, shape, numbers.map { Float16($0) })
    case .bfloat16: self.init(type, shape, numbers.map { Tensor.bfloat16(Float($0)) })
    case .bool: self.init(type, shape, numbers.map { $0 == 0 ? 0 : 1 as UInt8 })
    case .int8: self.init(type, shape, whole: numbers, Int8.self)
    case .uint8: self.init(type, shape, whole: numbers, UInt8.self)
    case .int16: self.init(type, shape, whole: numbers, Int16.self)
    case .uint16: self.init(type, shape, whole: numbers, UInt16.self)
    case .int32: self.init(type, shape, whole: numbers, Int32.self)
    case .uint32: self.init(type, shape, whole: numbers, UInt32.self)
    case .int64: self.init(type, shape, whole: numbers, Int64.self)
    case .uint64: self.init(type, shape, whole: numbers, UInt64.self)
    }
  }

  /// The same numbers as elements of another type; itself where it has that type.
  /// - Returns: `nil` where a whole number doesn't fit.
  public func converted(to type: ElementType) -> Tensor? {
    if type == elementType { return self }
    if type == .float32 { return asFloat32() }
    if type == .int64, let integers = integers() { return Tensor(integers, shape: shape) }
    return Tensor(doubles(), type, shape: shape)
  }

  /// The elements rounded to another floating-point type; itself where either type is none.
  public func rounded(to type: ElementType) -> Tensor {
    guard elementType.isFloatingPoint, type.isFloatingPoint else { return self }
    return converted(to: type) ?? self
  }

  private init<Element: BitwiseCopyable>(
    _ type: ElementType, _ shape: [Int], _ elements: [Element]
  ) {
    let storage = TensorStorage(byteCount: elements.count * MemoryLayout<Element>.stride) { bytes in
      elements.withUnsafeBytes { bytes.copyMemory(from: $0) }
    }
    self.init(elementType: type, shape: shape, storage: storage)
  }

  private init?<Element: FixedWidthInteger & BitwiseCopyable>(
    _ type: ElementType, _ shape: [Int], whole numbers: [Double], _: Element.Type
  ) {
    let elements = numbers.compactMap { Element(exactly: $0.rounded(.towardZero)) }
    guard elements.count == numbers.count else { return nil }
    self.init(type, shape, elements)
  }

  /// The upper half of a float32, rounded to the nearest, ties to even.
  private static func bfloat16(_ number: Float) -> UInt16 {
    if number.isNaN { return 0x7FC0 }
    let bits = number.bitPattern
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
  }
}
