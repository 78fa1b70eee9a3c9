extension GraphError {
  public var what: String {
    switch reason {
    case .axisDiffers(let letter, let first, let second):
      "axis \(letter) is \(second), expected \(first)"
    case .rank(let operand, let expected, let found):
      "operand \(operand) has \(found) axes, expected \(expected)"
    case .missingOperand(let operand): "operand \(operand) is missing"
    case .notConstant(let operand): "operand \(operand) is computed, expected a constant"
    case .notBroadcastable(let a, let b):
      "extents \(shape(a)) and \(shape(b)) can't be combined"
    case .emptyResult: "the result has no elements"
    case .elementCount(let from, let to):
      "can't reshape \(shape(from)) to \(to)"
    case .tooLarge(let type): "\(type) has more elements than can be reckoned with"
    case .refused(let words): words
    case .notUnique(let name): "the name '\(name)' is empty or used twice"
    case .operandNotAvailable: "an operand doesn't exist or is computed later"
    case .resultCount(let expected, let found):
      "the node has \(found) results, its operator makes \(expected)"
    case .typeDiffers(let value, let stored, let inferred):
      "'\(value)' is stored as \(stored), inferred as \(inferred)"
    case .noOutput: "the graph has no output"
    case .cutNotRectangular(let words): words
    }
  }

  private func shape(_ dimensions: [Dimension]) -> String {
    "[\(dimensions.map(\.description).joined(separator: ", "))]"
  }
}
