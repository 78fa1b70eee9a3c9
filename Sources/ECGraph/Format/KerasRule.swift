public import OrderedCollections
public import ECTensor

/// The generations of Keras whose files differ in meaning.
public enum KerasDialect: Int, Sendable, Hashable, Comparable {
  case keras1 = 1
  case keras2 = 2
  case keras3 = 3

  public static func < (a: KerasDialect, b: KerasDialect) -> Bool { a.rawValue < b.rawValue }
}

/// One layer of a Keras model, as a rule sees it.
public struct KerasLayer: Sendable {
  /// The layer's name, with the names of the models around it.
  public let name: String
  /// The class name without a package prefix.
  public let className: String
  /// The layer's `config`.
  public let config: FormatObject
  /// The arguments of the call by keyword, the positional ones as a list under `args`.
  ///
  /// Tensors stand as `"@0"`, `"@1"` and so on, by their position among the inputs, so that `1 - x`
  /// is `args: [1.0, "@0"]`; a list of tensors is a list of those. Arrays are lists of numbers. In
  /// the form of Keras 2, `x - 1` is `args: ["@0"]` and `y: 1`. `training` is true here if the
  /// layer, or a model around it, is called so.
  public let arguments: FormatObject
  /// The weights by leaf name (`kernel`, `bias`, `gamma`), as stored.
  public let weights: [String: Tensor]
  /// The generation of the file.
  public let dialect: KerasDialect

  /// Makes a layer.
  public init(
    name: String, className: String, config: FormatObject, arguments: FormatObject = [:],
    weights: [String: Tensor] = [:], dialect: KerasDialect
  ) {
    self.name = name
    self.className = className
    self.config = config
    self.arguments = arguments
    self.weights = weights
    self.dialect = dialect
  }

  /// A weight under its name or one of its older names.
  /// - Throws: `FormatError.missingWeight`.
  public func weight(_ name: String, _ aliases: String...) throws(FormatError) -> Tensor {
    for name in [name] + aliases {
      if let tensor = weights[name] { return tensor }
    }
    throw FormatError(.missingWeight(name))
  }
}

/// One weight that a layer of some configuration owns.
public struct KerasWeightName: Sendable, Equatable {
  /// The leaf name in Keras 3.
  public let name: String
  /// Leaf names in other generations.
  public let aliases: [String]
  /// Whether it is trained by gradients (the order of weights of frozen models depends on it).
  public let isTrainable: Bool
  /// The attribute of the layer that holds the layer owning it (`query_dense`), if one inside does.
  public let sublayer: String?

  /// Names a weight.
  public init(
    _ name: String, aliases: [String] = [], isTrainable: Bool = true, sublayer: String? = nil
  ) {
    self.name = name
    self.aliases = aliases
    self.isTrainable = isTrainable
    self.sublayer = sublayer
  }
}

/// How the layers of one class become operators.
public struct KerasRule: Sendable {
  /// The class names this rule is for.
  public let classNames: [String]
  /// The weights that a layer owns, in creation order.
  public let weights: @Sendable (KerasLayer) -> [KerasWeightName]
  /// Draws a call of the layer on `inputs`; gives its results.
  public let read: @Sendable (KerasLayer, [ValueID], inout Sketch) throws(FormatError) -> [ValueID]

  /// Makes a rule.
  public init(
    _ classNames: [String],
    weights: @escaping @Sendable (KerasLayer) -> [KerasWeightName] = { _ in [] },
    read:
      @escaping @Sendable (KerasLayer, [ValueID], inout Sketch) throws(FormatError)
      -> [ValueID]
  ) {
    self.classNames = classNames
    self.weights = weights
    self.read = read
  }
}
