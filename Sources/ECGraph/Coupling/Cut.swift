/// What is left of the operands and results of one node after channels were removed.
public struct Cut: Sendable {
  /// The operands before the cut.
  public let operands: Operands
  /// The types of the results before the cut.
  public let results: [ValueType]
  /// Per operand and axis, the kept positions in ascending order; `nil` where all stay.
  public let operandKeeps: [[[Int]?]]
  /// Per result and axis, the kept positions in ascending order; `nil` where all stay.
  public let resultKeeps: [[[Int]?]]

  /// Describes a cut.
  public init(
    operands: Operands, results: [ValueType], operandKeeps: [[[Int]?]], resultKeeps: [[[Int]?]]
  ) {
    self.operands = operands
    self.results = results
    self.operandKeeps = operandKeeps
    self.resultKeeps = resultKeeps
  }

  /// The extents of a result after the cut.
  public func resultShape(_ position: Int = 0) -> [Dimension] {
    zip(results[position].shape, resultKeeps[position]).map { extent, keep in
      keep.map { .fixed($0.count) } ?? extent
    }
  }
}
