public import ECTensor
public import OrderedCollections

/// All that importers know: the rules by which a source's layers or nodes become operators.
///
/// Format targets see only this table, never an operator.
public struct OperatorTable: Sendable {
  /// The rules for Keras layers, by class name.
  public let keras: OrderedDictionary<String, KerasRule>
  /// The rules by which Keras layers are written back, by class name.
  public let kerasWrites: OrderedDictionary<String, KerasWriteRule>
  /// The rules for ONNX nodes, by operator type.
  public let onnx: OrderedDictionary<String, ONNXRule>
  /// A rule that carries an ONNX node that has no rule of its own.
  public let fallback: ONNXRule?
  /// How results that depend on constants and extents alone are computed on import.
  public let folding: ConstantFolding?
  /// The ONNX operator types whose rules also hold for activations that aren't floating-point.
  public let typeless: Set<String>
  /// The type of the first result of an ONNX operator, where types and elements of its operands show
  /// it without a rule.
  public let keptType: @Sendable (String, [ValueType?], [Tensor?]) -> ValueType?

  /// Makes a table.
  /// - Precondition: names are unique.
  public init(
    keras: [KerasRule], kerasWrites: [KerasWriteRule] = [], onnx: [ONNXRule],
    fallback: ONNXRule? = nil, folding: ConstantFolding? = nil, typeless: Set<String> = [],
    keptType: @escaping @Sendable (String, [ValueType?], [Tensor?]) -> ValueType? = { _, _, _ in
      nil
    }
  ) {
    self.keras = OrderedDictionary(
      uniqueKeysWithValues: keras.flatMap { rule in rule.classNames.map { ($0, rule) } })
    self.kerasWrites = OrderedDictionary(
      uniqueKeysWithValues: kerasWrites.flatMap { rule in rule.classNames.map { ($0, rule) } })
    self.onnx = OrderedDictionary(uniqueKeysWithValues: onnx.map { ($0.type, $0) })
    self.fallback = fallback
    self.folding = folding
    self.typeless = typeless
    self.keptType = keptType
  }
}
