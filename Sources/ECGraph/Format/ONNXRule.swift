public import OrderedCollections
public import ECTensor

/// One node of an ONNX graph, in neutral terms.
public struct FormatNode: Sendable {
  /// The operator type.
  public var type: String
  /// The operator's domain; empty for ai.onnx.
  public var domain: String
  /// The attributes in order.
  public var attributes: FormatObject
  /// The operands in order.
  public var inputs: [FormatOperand]
  /// The number of results.
  public var outputCount: Int
  /// The node of the source that is written again as it was, but for the names of its values.
  public var carried: CarriedNode?

  /// Makes a node.
  public init(
    _ type: String, domain: String = "", attributes: FormatObject = [:], inputs: [FormatOperand],
    outputCount: Int = 1
  ) {
    self.type = type
    self.domain = domain
    self.attributes = attributes
    self.inputs = inputs
    self.outputCount = outputCount
  }
}

/// An operand of an exported node.
public enum FormatOperand: Sendable {
  /// An operand of the operator, by position.
  case operand(Int)
  /// The first result of an earlier node of the same operator, by position in the list.
  case intermediate(Int)
  /// A constant that belongs to the format's spelling, with a suffix for its name.
  case constant(Tensor, suffix: String)
  /// A constant whose numbers are elements of the type that the operator's first operand has.
  case matching(Tensor, suffix: String)
  /// An optional operand that isn't there.
  case absent
}

/// An operator as ONNX nodes; the results of the last one are the operator's.
public struct ExportedNodes: Sendable {
  /// The nodes in order.
  public var nodes: [FormatNode]

  /// Makes a list of nodes.
  public init(_ nodes: FormatNode...) {
    self.nodes = nodes
  }
}

/// What an operator may ask while it is exported.
public struct ExportContext: Sendable {
  /// The opset that is written.
  public let opset: Int
  /// The operands.
  public let operands: Operands
  /// The types of the results.
  public let results: [ValueType]

  /// Makes a context.
  public init(opset: Int, operands: Operands, results: [ValueType]) {
    self.opset = opset
    self.operands = operands
    self.results = results
  }
}

/// A node of an ONNX file, as a rule sees it.
public struct ONNXNode: Sendable {
  /// The node's name, or its first result's where it has none.
  public let name: String
  /// The operator type.
  public let type: String
  /// The attributes.
  public let attributes: FormatObject
  /// The version of the operator set.
  public let opset: Int
  /// The number of results that are used.
  public let outputCount: Int
  /// The node as the file has it, where it is to be carried.
  public let carried: CarriedNode?

  /// Makes a node.
  public init(
    name: String, type: String, attributes: FormatObject, opset: Int, outputCount: Int,
    carried: CarriedNode? = nil
  ) {
    self.name = name
    self.type = type
    self.attributes = attributes
    self.opset = opset
    self.outputCount = outputCount
    self.carried = carried
  }
}

/// How the nodes of one operator type become operators.
public struct ONNXRule: Sendable {
  /// The operator type this rule is for.
  public let type: String
  /// The type that attributes and constants show the first operand to have, where it isn't known.
  public let expects: @Sendable (FormatObject, [Tensor?]) -> ValueType?
  /// Draws the node on `inputs`; gives its results.
  public let read: @Sendable (ONNXNode, [ValueID?], inout Sketch) throws(FormatError) -> [ValueID]

  /// Makes a rule.
  public init(
    _ type: String,
    expects: @escaping @Sendable (FormatObject, [Tensor?]) -> ValueType? = { _, _ in nil },
    read: @escaping @Sendable (ONNXNode, [ValueID?], inout Sketch) throws(FormatError) -> [ValueID]
  ) {
    self.type = type
    self.expects = expects
    self.read = read
  }
}
