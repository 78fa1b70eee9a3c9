/// How the elements of a float32 tensor are whole numbers, as weights of quantised models are:
/// `element = (whole − zeroPoint) · scale`, with one scale for all or one for each position of an axis.
///
/// A tensor keeps its quantisation while positions are picked and axes change places, so that it can
/// be stored as whole numbers again; new elements have none.
public struct Quantization: Sendable, Equatable {
  /// The type of the whole numbers.
  public let elementType: ElementType
  /// The axis that the scales stand along; `nil` for a single scale.
  public let axis: Int?
  /// The scales.
  public let scales: [Float]
  /// The whole numbers that stand for zero, as many as there are scales.
  public let zeroPoints: [Int]
  /// The names that whole numbers, scales and zero points have in the source; may be empty.
  public let names: [String]

  /// Describes a quantisation.
  /// - Precondition: as many zero points as scales; one of each where there is no axis.
  public init(
    _ elementType: ElementType, axis: Int?, scales: [Float], zeroPoints: [Int], names: [String] = []
  ) {
    precondition(scales.count == zeroPoints.count && (axis != nil || scales.count == 1))
    self.elementType = elementType
    self.axis = axis
    self.scales = scales
    self.zeroPoints = zeroPoints
    self.names = names
  }

  /// The whole numbers that give exactly these elements, or `nil` where there are none.
  public func encoded(_ tensor: Tensor) -> Tensor? {
    guard let range = elementType.integerRange else { return nil }
    let inner = axis.map { tensor.shape[($0 + 1)...].reduce(1, *) } ?? 1
    let numbers = tensor.floats()
    var whole: [Double] = []
    whole.reserveCapacity(numbers.count)
    for (k, number) in numbers.enumerated() {
      let channel = axis == nil ? 0 : k / inner % scales.count
      let steps = (number / scales[channel]).rounded()
      guard steps.magnitude <= 2_147_483_648, Float(steps) * scales[channel] == number,
        range.contains(Int(steps) + zeroPoints[channel])
      else { return nil }
      whole.append(Double(Int(steps) + zeroPoints[channel]))
    }
    return Tensor(whole, elementType, shape: tensor.shape)
  }

  func gathered(axis picked: Int, _ positions: [Int]) -> Quantization {
    guard picked == axis else { return self }
    return Quantization(
      elementType, axis: axis, scales: positions.map { scales[$0] },
      zeroPoints: positions.map { zeroPoints[$0] }, names: names)
  }

  func permuted(_ order: [Int]) -> Quantization {
    let place = axis.flatMap { order.firstIndex(of: $0) }
    return Quantization(
      elementType, axis: place, scales: scales, zeroPoints: zeroPoints, names: names)
  }
}

extension ElementType {
  /// The whole numbers that elements can be; `nil` for floating-point and truth values.
  public var integerRange: ClosedRange<Int>? {
    switch self {
    case .int8: -128...127
    case .uint8: 0...255
    case .int16: -32768...32767
    case .uint16: 0...65535
    case .int32: Int(Int32.min)...Int(Int32.max)
    case .uint32: 0...Int(UInt32.max)
    case .int64: Int.min...Int.max
    case .uint64: 0...Int.max
    case .bool, .float32, .float16, .float64, .bfloat16: nil
    }
  }
}
