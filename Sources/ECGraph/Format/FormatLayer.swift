public import OrderedCollections
public import ECTensor

/// One layer of a Keras model, in neutral terms; it has one result.
public struct FormatLayer: Sendable {
  /// The class name, such as `Conv2D`.
  public var className: String
  /// The configuration without `name`, `trainable` and `dtype`: only keys that the constructor of the
  /// dialect knows, since loaders refuse others.
  public var config: FormatObject
  /// The weights in creation order, in the layout of Keras.
  public var weights: [FormatWeight]
  /// What the layer is called on, in order; several operands are one list.
  public var inputs: [LayerOperand]
  /// What is put behind the operator's name; empty for the layer that takes the name itself.
  public var suffix: String

  /// Makes a layer; `inputs` is the operator's first operand unless stated.
  public init(
    _ className: String, config: FormatObject = [:], weights: [FormatWeight] = [],
    inputs: [LayerOperand] = [.operand(0)], suffix: String = ""
  ) {
    self.className = className
    self.config = config
    self.weights = weights
    self.inputs = inputs
    self.suffix = suffix
  }
}

/// A weight of a layer that is written.
public struct FormatWeight: Sendable {
  /// The leaf name in the dialect that is written, such as `kernel`.
  public var name: String
  /// The elements, in the layout of Keras.
  public var tensor: Tensor
  /// Whether training changes it; moving statistics are not trained.
  public var isTrainable: Bool

  /// Makes a weight.
  public init(_ name: String, _ tensor: Tensor, isTrainable: Bool = true) {
    self.name = name
    self.tensor = tensor
    self.isTrainable = isTrainable
  }
}

/// An operand of a layer. Constants can't be operands: they become weights or configuration.
public enum LayerOperand: Sendable, Hashable {
  /// An operand of the operator, by position.
  case operand(Int)
  /// The result of an earlier layer of the same operator, by position in the list.
  case intermediate(Int)
}

/// An operator as Keras layers.
public struct ExportedLayers: Sendable {
  /// The layers in order; at most one has an empty suffix.
  public var layers: [FormatLayer]
  /// What each result of the operator is; an operator that does nothing has no layers, and its operand
  /// as result.
  public var results: [LayerOperand]

  /// Layers that follow each other; the last one makes the only result.
  public init(_ layers: FormatLayer...) {
    self.layers = layers
    results = [layers.isEmpty ? .operand(0) : .intermediate(layers.count - 1)]
  }

  /// Layers with the results stated.
  public init(layers: [FormatLayer], results: [LayerOperand]) {
    self.layers = layers
    self.results = results
  }
}

/// What an operator may ask while it is said as Keras layers. Images are channels last.
public struct LayerContext: Sendable {
  /// The generation whose words are written: `keras2` for files that both Keras 2 and 3 load.
  public let dialect: KerasDialect
  /// The operands.
  public let operands: Operands
  /// The types of the results.
  public let results: [ValueType]
  /// For each operand, whether all its elements are known to be zero or more.
  public let nonNegative: [Bool]

  /// Makes a context.
  public init(
    dialect: KerasDialect, operands: Operands, results: [ValueType], nonNegative: [Bool]
  ) {
    self.dialect = dialect
    self.operands = operands
    self.results = results
    self.nonNegative = nonNegative
  }
}
