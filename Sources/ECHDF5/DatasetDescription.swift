/// What a file says about a dataset; nothing of its numbers is read for it.
public struct DatasetDescription: Sendable, Equatable {
  /// How the bytes of an element are ordered.
  public enum ByteOrder: Sendable, Equatable {
    /// Least significant byte first.
    case little
    /// Most significant byte first.
    case big
  }

  /// The extents, outermost first; empty for a scalar.
  public let shape: [Int]
  /// The stored type of an element.
  public let elementKind: ElementKind
  /// The order of the bytes of an element; little for single bytes.
  public let byteOrder: ByteOrder
  /// Elements in total.
  public let elementCount: Int
  /// Bytes of all elements in the stored type, before any compression.
  public let byteCount: Int
  /// Where the numbers lie in the file as plain little-endian float32, so that they can be mapped;
  /// nil where they have to be read through libhdf5.
  public let contiguousOffset: UInt64?
  /// The filters that pack the dataset, by name, in the order they were applied.
  public let filters: [String]

  /// A description of everything that a file says.
  package init(
    shape: [Int], elementKind: ElementKind, byteOrder: ByteOrder, elementCount: Int,
    byteCount: Int, contiguousOffset: UInt64?, filters: [String]
  ) {
    self.shape = shape
    self.elementKind = elementKind
    self.byteOrder = byteOrder
    self.elementCount = elementCount
    self.byteCount = byteCount
    self.contiguousOffset = contiguousOffset
    self.filters = filters
  }
}
