public import ECTensor

/// A node of a file that is carried without being understood: its bytes, and what is known of it.
public struct CarriedNode: Sendable {
  /// The operator type with its domain, such as `com.microsoft.Gelu`.
  public let type: String
  /// The domain; empty for the standard one.
  public let domain: String
  /// The version of the domain's operator set that gives the node its meaning.
  public let version: Int
  /// The node's message, a view of the file.
  public let bytes: Tensor
  /// The number of operands; what subgraphs capture follows after them.
  public let operandCount: Int
  /// The names under which subgraphs know the values that they capture.
  public let captures: [String]
  /// Which results have a name, in the file's order.
  public let hasResult: [Bool]
  /// The types of the results that have a name.
  public let results: [ValueType]

  /// Describes a node.
  public init(
    type: String, domain: String, version: Int, bytes: Tensor, operandCount: Int,
    captures: [String], hasResult: [Bool], results: [ValueType]
  ) {
    self.type = type
    self.domain = domain
    self.version = version
    self.bytes = bytes
    self.operandCount = operandCount
    self.captures = captures
    self.hasResult = hasResult
    self.results = results
  }
}
