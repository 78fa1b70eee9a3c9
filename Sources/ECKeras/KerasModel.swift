public import ECGraph

/// A Keras model as it came from its file.
public struct KerasModel: Sendable {
  /// The graph; images keep the layout of the file.
  public let graph: Graph
  /// `keras_version` as written, if it is.
  public let version: String?
  /// The generation, by which numerics are chosen.
  public let dialect: KerasDialect
  /// The configuration as written.
  public let config: FormatValue
  /// Remarks worth showing to a person.
  public let notes: [String]

  /// The producer in words, such as `keras 2.15.0`.
  public var producer: String { version.map { "keras \($0)" } ?? "keras" }
}
