public import OrderedCollections
public import ECTensor

/// One call of a layer as it was drawn, with the graph as it is now.
public struct KerasDrawnCall: Sendable {
  /// The arguments, as `KerasLayer.arguments` has them.
  public let arguments: FormatObject
  /// The types of the tensors that the layer is called on.
  public let inputs: [ValueType]
  /// The types of its results.
  public let results: [ValueType]
  /// The operators that its rule drew, in order.
  public let operators: [any Operator]

  /// Describes a call.
  public init(
    arguments: FormatObject, inputs: [ValueType], results: [ValueType],
    operators: [any Operator]
  ) {
    self.arguments = arguments
    self.inputs = inputs
    self.results = results
    self.operators = operators
  }
}

/// What became of a layer that a rule drew, in a graph that was changed since.
public struct KerasDrawing: Sendable {
  /// The calls of the layer; never empty.
  public let calls: [KerasDrawnCall]
  private let constants: [String: Tensor]
  /// For every constant of the rule, the constants beside it by operand position.
  private let neighbours: [String: [Int: Tensor]]

  /// Describes a layer.
  /// - Parameters:
  ///   - constants: the initializers by the names that the rule gave them, as they are now.
  ///   - neighbours: for the same names, the other constants that the same operator reads now.
  public init(
    calls: [KerasDrawnCall], constants: [String: Tensor], neighbours: [String: [Int: Tensor]]
  ) {
    precondition(!calls.isEmpty)
    self.calls = calls
    self.constants = constants
    self.neighbours = neighbours
  }

  /// The initializer that the rule called so, as it is now.
  /// - Throws: `FormatError.missingWeight` if the rule made none.
  public func constant(_ name: String) throws(FormatError) -> Tensor {
    guard let tensor = constants[name] else { throw FormatError(.missingWeight(name)) }
    return tensor
  }

  /// Whether the rule made an initializer of this name.
  public func has(_ name: String) -> Bool { constants[name] != nil }

  /// The constant at an operand position of the operator that reads an initializer, if there is one
  /// now, such as a bias that the operator had not when it was drawn.
  public func operand(_ position: Int, beside name: String) -> Tensor? {
    neighbours[name]?[position]
  }

  /// The only operator of a type in the first call.
  public func op<Op: Operator>(_ type: Op.Type) -> Op? {
    calls[0].operators.lazy.compactMap { $0 as? Op }.first
  }
}

/// A layer as it is written: its configuration, its weights, and what changes in its calls.
public struct KerasForm: Sendable {
  /// The configuration.
  public var config: FormatObject
  /// The weights by the names of the layer's rule, in Keras' order of axes.
  public var weights: [String: Tensor]
  /// For every call the arguments that differ from the source's, by keyword; positional ones as
  /// the whole list under `args`.
  public var arguments: [Int: FormatObject] = [:]

  /// Makes a form.
  public init(config: FormatObject, weights: [String: Tensor] = [:]) {
    self.config = config
    self.weights = weights
  }

  /// Gives an argument another value where the source has it: by keyword, by position, or else in
  /// the configuration.
  public mutating func setArgument(
    _ name: String, _ position: Int, to value: FormatValue, ofCall index: Int,
    _ call: KerasDrawnCall
  ) {
    if call.arguments[name] != nil {
      arguments[index, default: [:]][name] = value
    } else if var list = arguments[index]?["args"]?.list ?? call.arguments["args"]?.list,
      position < list.count
    {
      list[position] = value
      arguments[index, default: [:]]["args"] = .list(list)
    } else {
      config[name] = value
    }
  }
}

/// A layer in words that Keras 2 and Keras 3 have in common.
public struct KerasCommonForm: Sendable {
  /// The class name.
  public var className: String
  /// The configuration without `name`, `trainable` and `dtype`.
  public var config: FormatObject
  /// How many of the operators that the layer was drawn as it says; the others are said by layers of
  /// their own behind it. `nil` is all of them.
  public var operatorCount: Int?

  /// Makes a form.
  public init(_ className: String, _ config: FormatObject, operatorCount: Int? = nil) {
    self.className = className
    self.config = config
    self.operatorCount = operatorCount
  }
}

/// How layers of one class are written back: the inverse of `KerasRule.read`.
public struct KerasWriteRule: Sendable {
  /// The class names this rule is for, as in `KerasRule`.
  public let classNames: [String]
  /// The configuration and the weights of a layer after its graph was changed.
  ///
  /// The layer's configuration and weights are those of the source.
  public let write: @Sendable (KerasLayer, KerasDrawing) throws(FormatError) -> KerasForm
  /// The layer in words that Keras 2 and Keras 3 have in common; its configuration is the written
  /// one. `nil` where only its operators can be said, each by layers of its own.
  /// - Throws: `FormatError` saying what the two have not in common.
  public let common: @Sendable (KerasLayer) throws(FormatError) -> KerasCommonForm?

  /// Makes a rule.
  public init(
    _ classNames: [String],
    write: @escaping @Sendable (KerasLayer, KerasDrawing) throws(FormatError) -> KerasForm,
    common: @escaping @Sendable (KerasLayer) throws(FormatError) -> KerasCommonForm?
  ) {
    self.classNames = classNames
    self.write = write
    self.common = common
  }
}
