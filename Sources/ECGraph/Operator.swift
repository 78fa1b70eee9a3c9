public import ECTensor

/// One operator, described once: everything that any part of the program knows of it.
///
/// No requirement has a default, so that the compiler lists what a new operator lacks.
public protocol Operator: Sendable {
  /// The operator's own name, shown to people, such as `Conv2D`.
  var name: String { get }

  /// Which axes of which operands are one axis, in letters (see `AxisSignature`).
  var axes: AxisSignature { get }

  /// The attributes as text, for the text form of a graph; empty where there are none.
  var attributeText: String { get }

  /// The types of the results.
  /// - Throws: `GraphError` if the operands don't fit.
  func infer(_ operands: Operands) throws(GraphError) -> [ValueType]

  /// The multiply-accumulates for one sample; 0 for whatever isn't a contraction.
  func macs(_ operands: Operands, results: [ValueType]) -> Int

  /// Carries channel labels from the operands to the results (spec: label arrays and units).
  func couple(_ coupling: inout Coupling)

  /// This operator after a cut: attributes that count channels are rewritten.
  /// - Throws: `GraphError.cutNotRectangular` if no attribute can say the cut.
  func cut(_ cut: Cut) throws(GraphError) -> any Operator

  /// This operator for operands in another image layout, or how it has to be shielded.
  func relayout(_ operands: Operands, from: ImageLayout, to: ImageLayout) -> Relayout

  /// Describes how to compute the results from kernels; `operands` gives the constants among them.
  func lower(_ values: [KernelValue?], _ operands: Operands, into builder: any KernelBuilder)
    throws(GraphError) -> [KernelValue]

  /// This operator as ONNX nodes, or `nil` where ONNX can't say it.
  func onnxNodes(_ context: ExportContext) -> ExportedNodes?

  /// This operator, on images that are channels last, as Keras layers, or `nil` where Keras can't
  /// say it.
  func kerasLayers(_ context: LayerContext) -> ExportedLayers?
}

extension Operator {
  /// Name and attributes, such as `Conv2D{strides=[2, 2]}`.
  public var text: String { attributeText.isEmpty ? name : "\(name){\(attributeText)}" }
}

/// What an operator knows of its operands: their types, and the elements of those that are constant.
public struct Operands: Sendable {
  /// The types; `nil` where an optional operand is absent.
  public let types: [ValueType?]
  /// The elements of the operands that are initializers.
  public let constants: [Tensor?]

  /// Describes operands.
  public init(types: [ValueType?], constants: [Tensor?]) {
    self.types = types
    self.constants = constants
  }

  /// The number of operand positions.
  public var count: Int { types.count }

  /// The type of an operand that must be there.
  public func type(_ position: Int) throws(GraphError) -> ValueType {
    guard position < types.count, let type = types[position] else {
      throw GraphError(.missingOperand(position))
    }
    return type
  }

  /// The elements of an operand that must be an initializer.
  public func constant(_ position: Int) throws(GraphError) -> Tensor {
    _ = try type(position)
    guard let tensor = constants[position] else {
      throw GraphError(.notConstant(operand: position))
    }
    return tensor
  }

  /// Whether an operand is there.
  public func has(_ position: Int) -> Bool { position < types.count && types[position] != nil }
}

/// How an operator takes a change of the image layout.
public enum Relayout: Sendable {
  /// It does the same in the other layout, as this operator; rank-4 operands and results are images,
  /// and constants that broadcast against images move with them.
  case becomes(any Operator)
  /// It needs its operands, and gives its results, in the layout it was written for.
  case keeps
  /// Its operands are images in either layout, and its result has no layout. The last axis of the
  /// result runs over the picture in the old order; `order` says, for every position in the new
  /// order, which position of the old order it is.
  case flattens(any Operator, order: [Int])
}
