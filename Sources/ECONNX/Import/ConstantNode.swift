import ECGraph
import ECTensor

/// A Constant node: one attribute, in one of several spellings.
struct ConstantNode {
  private let attributes: FormatObject

  init(_ node: NodeRecord) {
    attributes = node.attributes
  }

  /// The elements.
  /// - Throws: `ONNXError.node` where they are texts, or there are none.
  func tensor() throws(ONNXError) -> Tensor {
    if let tensor = (attributes["value"] ?? attributes["sparse_value"])?.tensor { return tensor }
    if let number = attributes["value_float"]?.double { return Tensor(scalar: Float(number)) }
    if let number = attributes["value_int"]?.int { return Tensor([number], shape: []) }
    if let numbers = attributes["value_floats"]?.doubles {
      return Tensor(numbers.map { Float($0) }, shape: [numbers.count])
    }
    if let numbers = attributes["value_ints"]?.ints {
      return Tensor(numbers, shape: [numbers.count])
    }
    throw ONNXError(.node("a constant of this kind isn't supported"))
  }
}
