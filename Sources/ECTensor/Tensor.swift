/// An immutable n-dimensional array: a view of shared bytes.
///
/// An axis steps through the bytes by a stride, or through a list of picked positions; permuting,
/// picking and slicing therefore copy nothing. Elements are read in row-major order of the view.
public struct Tensor: Sendable {
  /// One axis of a view.
  struct Axis: Sendable, Equatable {
    var count: Int
    /// Elements between neighbours.
    var stride: Int
    /// Positions along the underlying axis, where they aren't simply `0..<count`.
    var positions: [Int]?

    /// The element offset of every position.
    var offsets: [Int] {
      if let positions { return positions.map { $0 * stride } }
      return (0..<count).map { $0 * stride }
    }
  }

  /// The type of the elements.
  public let elementType: ElementType
  let storage: TensorStorage
  /// The byte of element (0, 0, …).
  let byteOffset: Int
  let axes: [Axis]
  /// How the elements are whole numbers; `nil` where that isn't known.
  public let quantization: Quantization?

  /// The extents of the axes; empty for a scalar.
  public var shape: [Int] { axes.map(\.count) }

  /// The number of elements.
  public var count: Int { axes.reduce(1) { $0 * $1.count } }

  /// The number of bytes of the elements when written out.
  public var byteCount: Int { count * elementType.byteCount }

  init(
    elementType: ElementType, storage: TensorStorage, byteOffset: Int, axes: [Axis],
    quantization: Quantization? = nil
  ) {
    self.elementType = elementType
    self.storage = storage
    self.byteOffset = byteOffset
    self.axes = axes
    self.quantization = quantization
  }

  /// The same float32 elements, of which it is known how they are whole numbers.
  public func quantized(as quantization: Quantization) -> Tensor {
    Tensor(
      elementType: elementType, storage: storage, byteOffset: byteOffset, axes: axes,
      quantization: quantization)
  }

  /// A row-major array in shared bytes.
  /// - Precondition: `byteOffset` and the size of `shape` lie within the storage.
  public init(elementType: ElementType, shape: [Int], storage: TensorStorage, byteOffset: Int = 0) {
    let count = shape.reduce(1, *)
    precondition(byteOffset >= 0 && byteOffset + count * elementType.byteCount <= storage.byteCount)
    self.init(
      elementType: elementType, storage: storage, byteOffset: byteOffset,
      axes: Tensor.rowMajor(shape))
  }

  /// A float32 tensor of given elements in row-major order.
  public init(_ elements: [Float], shape: [Int]) {
    precondition(elements.count == shape.reduce(1, *))
    let storage = TensorStorage(byteCount: elements.count * 4) { bytes in
      elements.withUnsafeBytes { bytes.copyMemory(from: $0) }
    }
    self.init(elementType: .float32, shape: shape, storage: storage)
  }

  /// An int64 tensor of given elements in row-major order.
  public init(_ elements: [Int], shape: [Int]) {
    precondition(elements.count == shape.reduce(1, *))
    let storage = TensorStorage(byteCount: elements.count * 8) { bytes in
      elements.withUnsafeBytes { bytes.copyMemory(from: $0) }
    }
    self.init(elementType: .int64, shape: shape, storage: storage)
  }

  /// A float32 scalar.
  public init(scalar: Float) {
    self.init([scalar], shape: [])
  }

  /// A float32 tensor whose elements `fill` writes once, in row-major order.
  public init<E: Error>(
    shape: [Int], fill: (UnsafeMutableBufferPointer<Float>) throws(E) -> Void
  ) throws(E) {
    let count = shape.reduce(1, *)
    var failure: E?
    let storage = TensorStorage(byteCount: count * 4) { bytes in
      do throws(E) {
        try fill(bytes.bindMemory(to: Float.self))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    self.init(elementType: .float32, shape: shape, storage: storage)
  }

  static func rowMajor(_ shape: [Int]) -> [Axis] {
    var stride = 1
    var axes: [Axis] = []
    for extent in shape.reversed() {
      axes.append(Axis(count: extent, stride: stride))
      stride *= extent
    }
    return axes.reversed()
  }

  /// Whether the elements lie one behind the other in memory.
  public var isContiguous: Bool {
    var stride = 1
    for axis in axes.reversed() {
      if axis.positions != nil { return false }
      if axis.count != 1 && axis.stride != stride { return false }
      stride *= axis.count
    }
    return true
  }

  /// Whether this is the same view of the same bytes; equal elements elsewhere don't count.
  public func isSameView(as other: Tensor) -> Bool {
    storage === other.storage && byteOffset == other.byteOffset && elementType == other.elementType
      && axes == other.axes
  }

  /// Whether the elements are anonymous memory (and not a view of a mapped file).
  public var ownsMemory: Bool { storage.ownsMemory }
}
