public import ECTensor

/// What is known of a value before anything runs: its elements, or whole numbers some of which are
/// extents that only the run tells.
public enum KnownValue: Sendable {
  /// All elements.
  case tensor(Tensor)
  /// Whole numbers in row-major order; `nil` where one isn't known, symbolic where it is an extent.
  case extents([Dimension?], shape: [Int])
}

/// An operand of a node whose results may be known before anything runs.
public struct KnownOperand: Sendable {
  /// The type, where it is known.
  public let type: ValueType?
  /// The elements, where they are known.
  public let value: KnownValue?
  /// The name in the source.
  public let name: String

  /// Describes an operand.
  public init(type: ValueType?, value: KnownValue?, name: String = "") {
    self.type = type
    self.value = value
    self.name = name
  }
}

/// How the results of nodes are computed on import; one entry a result, or `nil` where the node isn't
/// understood or what it needs isn't known.
public struct ConstantFolding: Sendable {
  /// Computes the results of a node.
  public let results: @Sendable (ONNXNode, [KnownOperand?]) -> [KnownValue]?

  /// Makes a folding.
  public init(_ results: @escaping @Sendable (ONNXNode, [KnownOperand?]) -> [KnownValue]?) {
    self.results = results
  }
}
